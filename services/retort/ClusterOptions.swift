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

    func validate() throws {
        guard wait > 0, wait <= 3600 else { throw ValidationError("--wait must be above 0 and at most 3600 seconds") }
        guard TopicSpace.isValid(root: topics.root) else {
            throw ValidationError("--root: \"\(topics.root)\" has an empty level or a wildcard")
        }
        _ = try address()
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private var topics: TopicSpace {
        TopicSpace(root: root ?? Self.environment("RETORT_TOPICS_ROOT") ?? TopicSpace.defaultRoot)
    }

    private func address() throws -> BusURL {
        do {
            return try BusURL(broker ?? Self.environment("RETORT_BUS_URL") ?? "mqtt://localhost")
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// Connects, runs `body`, and leaves.
    func withClient<Result>(_ body: (FleetClient) async throws -> Result) async throws -> Result {
        let url = try address()
        var logger = Logger(label: "retort", factory: { StreamLogHandler.standardError(label: $0) })
        // What a command cannot do it says itself.
        logger.logLevel = .critical
        let bus = try MosquittoBus(
            options: BusConnectionOptions(
                host: url.host, port: url.port, clientID: "retort-cli-\(getpid())", username: url.username,
                password: url.password, tls: url.isEncrypted ? .init() : nil),
            logger: logger)
        let client = FleetClient(bus: bus, topics: topics, address: "\(url)", timeout: .seconds(wait))
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
