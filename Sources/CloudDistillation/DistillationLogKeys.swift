/// Keys of log metadata.
enum DistillationLogKeys {
    static let error = "error"
    static let model = "retort.model"
    static let job = "retort.job"
    static let digest = "retort.digest"
    static let version = "retort.version"
    static let count = "retort.count"
    static let file = "retort.file"
    static let reason = "retort.reason"
}
