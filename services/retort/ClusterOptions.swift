import ArgumentParser
import BusAPI
import BusMosquitto
import FleetConsole
import Logging
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a running cluster is.
struct ClusterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Broker of the cluster: mqtt://[user:password@]host[:port]; else RETORT_BUS_URL, else mqtt://localhost.",
            valueName: "url"))
    var broker: String?

    @Option(help: "First levels of every topic; else RETORT_TOPICS_ROOT, else \(TopicSpace.defaultRoot).")
    var root: String?

    @Option(help: ArgumentHelp("How long broker and services may take to answer.", valueName: "seconds"))
    var wait: Double = 10

    @Option(
        help: ArgumentHelp(
            "PEM file of the authorities to trust with mqtts://; else RETORT_BUS_TLS_AUTHORITIES, else the system's.",
            valueName: "file"), completion: .file())
    var authorities: String?

    @Option(
        help: ArgumentHelp(
            "PEM file of a certificate of one's own; else RETORT_BUS_TLS_CERTIFICATE.", valueName: "file"),
        completion: .file())
    var certificate: String?

    @Option(
        help: ArgumentHelp("PEM file of its key; else RETORT_BUS_TLS_KEY.", valueName: "file"), completion: .file())
    var key: String?

    @Option(
        help: "MQTT version, 5 or 3.1.1; else RETORT_BUS_VERSION, else 5.",
        completion: .list(BusConnectionOptions.ProtocolVersion.allCases.map(\.rawValue)))
    var mqtt: String?

    func validate() throws {
        guard wait > 0, wait <= 3600 else { throw ValidationError("--wait must be above 0 and at most 3600 seconds") }
        guard TopicSpace.isValid(root: topics.root) else {
            throw ValidationError("--root: \"\(topics.root)\" has an empty level or a wildcard")
        }
        _ = try connection()
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    var topics: TopicSpace {
        TopicSpace(root: root ?? Self.environment("RETORT_TOPICS_ROOT") ?? TopicSpace.defaultRoot)
    }

    func address() throws -> BusURL {
        do {
            return try BusURL(broker ?? Self.environment("RETORT_BUS_URL") ?? "mqtt://localhost")
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// How the broker is reached, by options and environment as the services' own.
    func connection() throws -> BusConnectionOptions {
        let url = try address()
        let tls = BusConnectionOptions.TLS(
            certificateAuthorities: authorities ?? Self.environment("RETORT_BUS_TLS_AUTHORITIES"),
            certificate: certificate ?? Self.environment("RETORT_BUS_TLS_CERTIFICATE"),
            key: key ?? Self.environment("RETORT_BUS_TLS_KEY"))
        guard url.isEncrypted || (authorities == nil && certificate == nil && key == nil) else {
            throw ValidationError("--authorities, --certificate and --key need a broker's address with mqtts://")
        }
        let spoken = mqtt ?? Self.environment("RETORT_BUS_VERSION") ?? BusConnectionOptions.ProtocolVersion.v5.rawValue
        guard let version = BusConnectionOptions.ProtocolVersion(rawValue: spoken) else {
            throw ValidationError("--mqtt: \(spoken) is neither 5 nor 3.1.1")
        }
        return BusConnectionOptions(
            host: url.host, port: url.port, clientID: "retort-cli-\(getpid())",
            username: url.username ?? Self.environment("RETORT_BUS_USERNAME"),
            password: url.password ?? Self.environment("RETORT_BUS_PASSWORD"), tls: url.isEncrypted ? tls : nil,
            version: version)
    }

    /// Opens a connection; what a command cannot do it says itself, so nothing is logged.
    static func connect(_ options: BusConnectionOptions) throws -> MosquittoBus {
        var logger = Logger(label: "retort", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .critical
        return try MosquittoBus(options: options, logger: logger)
    }

    /// Connects, runs `body`, and leaves.
    func withClient<Result>(_ body: (FleetClient) async throws -> Result) async throws -> Result {
        let bus = try Self.connect(connection())
        let client = FleetClient(bus: bus, topics: topics, address: "\(try address())", timeout: .seconds(wait))
        do {
            let result = try await body(client)
            await bus.close()
            return result
        } catch {
            await bus.close()
            throw error
        }
    }

    /// Unix seconds.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
