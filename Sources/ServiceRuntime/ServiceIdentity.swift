public import SystemPackage
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Who a process is, for its status.
public struct ServiceIdentity: Sendable, Equatable {
    /// The version of all of Retort.
    public static let version = "0.1.0"

    public var executable: String
    /// A slug, unique on the bus.
    public var instance: String
    /// New at each start of the process.
    public var session: String
    public var host: String
    /// New at each start of the host.
    public var boot: String
    /// Unix seconds.
    public var started: Double

    /// - Throws: ``ConfigurationError`` where the instance is no slug.
    public init(_ configuration: ServiceConfiguration, now: Double) throws(ConfigurationError) {
        executable = configuration.executable
        host = Slug.make(Self.hostName())
        instance = configuration.optionalString("service.instance") ?? Slug.make("\(configuration.executable)-\(host)")
        guard Slug.isValid(instance) else {
            throw ConfigurationError(
                key: "service.instance",
                "service.instance: \"\(instance)\" must match [a-z0-9._-]+, 128 characters at most")
        }
        session = Self.hex(UInt64.random(in: 0...UInt64.max))
        boot = Self.bootID() ?? session
        started = now
    }

    /// Where what must survive a restart stands.
    ///
    /// - Throws: ``ConfigurationError`` where neither configuration nor home folder say.
    public func stateDirectory(
        _ configuration: ServiceConfiguration, environment: [String: String]
    ) throws(ConfigurationError) -> FilePath {
        if let path = configuration.optionalString("service.state") { return FilePath(path) }
        if let base = environment["XDG_STATE_HOME"], !base.isEmpty {
            return FilePath(base).appending("retort").appending(instance)
        }
        if let home = environment["HOME"], !home.isEmpty {
            return FilePath(home).appending(".local/state/retort").appending(instance)
        }
        throw ConfigurationError(key: "service.state", "service.state is required where there is no home folder")
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "host" }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(text.prefix(60))
    }

    /// Linux's identifier of this start of the machine, shortened; elsewhere nothing, and each process counts afresh.
    private static func bootID() -> String? {
        guard let bytes = try? StateDirectory.read("/proc/sys/kernel/random/boot_id", limit: 100) else { return nil }
        let id = String(decoding: bytes, as: UTF8.self).prefix { $0 != "-" && $0 != "\n" }
        return Slug.isValid(id) ? String(id) : nil
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The system's clock.
public enum WallClock {
    /// Unix seconds.
    public static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
