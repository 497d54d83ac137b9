/// Metadata keys of this library's log messages.
enum EdgeLogKeys {
    static let error = "error"
    static let model = "model"
    static let version = "version"
    static let previous = "previous"
    static let method = "update.method"
    static let bytes = "update.bytes"
    static let digest = "digest"
    static let slot = "slot"
    static let site = "site"
    static let reason = "reason"
    static let records = "spool.records"
    static let edge = "edge"
    static let path = "path"
    static let meter = "meter"
}
