public import ServiceRuntime
import Telemetry

/// The registry's configuration, read once and checked.
public struct RegistrySettings: Sendable {
    public static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "registry.tasks", .string, default: nil, help: "Folder of task files (*.json), read at every start."),
        ConfigurationKey(
            "registry.rootFile", .string, default: nil,
            help: "Where the root of trust is written for edges; {state}/trust/root.json if empty."),
        ConfigurationKey(
            "registry.channel", .string, default: "stable", help: "Channel on which accepted versions are released."),
        ConfigurationKey(
            "registry.chunkSize", .integer, default: "16384", help: "Bytes of a chunk, 256 to 262144."),
        ConfigurationKey(
            "registry.chunksPerSecond", .number, default: "200",
            help: "Chunks published per second at most; keep it below what the broker queues for its slowest client."),
        ConfigurationKey(
            "registry.mergeSeconds", .number, default: "0.5",
            help: "Seconds for which requests for the same chunks are gathered before they are sent."),
        ConfigurationKey(
            "registry.candidates", .integer, default: "16", help: "Candidates whose chunks are awaited at once."),
        ConfigurationKey(
            "registry.candidateTimeout", .number, default: "300",
            help: "Seconds after which a candidate whose chunks do not come is refused."),
        ConfigurationKey(
            "registry.bases", .integer, default: "16",
            help: "Students in use for which deltas to a new one are made, the most used first."),
        ConfigurationKey(
            "registry.expiry.root", .number, default: "365", help: "Days until the root of trust expires."),
        ConfigurationKey(
            "registry.expiry.targets", .number, default: "90", help: "Days until the list of targets expires."),
        ConfigurationKey(
            "registry.expiry.snapshot", .number, default: "14", help: "Days until the snapshot expires."),
        ConfigurationKey(
            "registry.expiry.timestamp", .number, default: "1",
            help: "Days until the timestamp expires; without the registry for so long, edges install nothing new."),
    ]

    public var taskFolder: String?
    public var rootFile: String?
    public var channel: String
    /// Bytes.
    public var chunkSize: Int
    public var chunksPerSecond: Double
    /// Seconds.
    public var mergeSeconds: Double
    public var candidates: Int
    /// Seconds.
    public var candidateTimeout: Double
    public var bases: Int
    var expiry: ReleaseSigner.Expiry

    /// - Throws: ``ConfigurationError`` that names the key at fault.
    public init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        func integer(_ key: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
            let value = try configuration.integer(key)
            guard range.contains(value) else {
                throw ConfigurationError(
                    key: key, "\(key): must be \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
            return value
        }
        func number(_ key: String, _ range: ClosedRange<Double>) throws(ConfigurationError) -> Double {
            let value = try configuration.number(key)
            guard range.contains(value) else {
                throw ConfigurationError(
                    key: key, "\(key): must be \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
            return value
        }
        func days(_ role: String) throws(ConfigurationError) -> Int {
            Int(try number("registry.expiry.\(role)", 0.001...3650) * 86_400)
        }
        taskFolder = configuration.optionalString("registry.tasks")
        rootFile = configuration.optionalString("registry.rootFile")
        channel = try configuration.string("registry.channel")
        guard Slug.isValid(channel) else {
            throw ConfigurationError(
                key: "registry.channel", "registry.channel: \"\(channel)\" must match [a-z0-9._-]+")
        }
        chunkSize = try integer("registry.chunkSize", 256...262_144)
        chunksPerSecond = try number("registry.chunksPerSecond", 0.1...100_000)
        mergeSeconds = try number("registry.mergeSeconds", 0...60)
        candidates = try integer("registry.candidates", 1...1024)
        candidateTimeout = try number("registry.candidateTimeout", 1...86_400)
        bases = try integer("registry.bases", 1...1024)
        expiry = ReleaseSigner.Expiry(
            root: try days("root"), targets: try days("targets"), snapshot: try days("snapshot"),
            timestamp: try days("timestamp"))
    }
}
