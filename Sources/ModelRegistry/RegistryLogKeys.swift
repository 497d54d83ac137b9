/// Metadata keys of the registry's log lines.
enum RegistryLogKeys {
    static let model = "registry.model"
    static let version = "registry.version"
    static let digest = "registry.digest"
    static let revision = "registry.revision"
    static let reason = "registry.reason"
    static let base = "registry.base"
    static let method = "registry.method"
    static let bytes = "registry.bytes"
    static let path = "registry.path"
    static let topic = "registry.topic"
    static let error = "error"
}
