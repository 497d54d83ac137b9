public import BusAPI
import Synchronization
public import Telemetry

/// Looks at everything that a running system needs, from the broker's name to who reads which topic.
public struct Doctor: Sendable {
    public typealias Connect = @Sendable (BusConnectionOptions) async throws -> any MessageBus

    private let options: BusConnectionOptions
    private let address: String
    private let topics: TopicSpace
    private let limit: Duration
    private let listening: Double
    private let folders: [String]
    private let connect: Connect
    private let now: @Sendable () -> Double

    /// - Parameters:
    ///   - options: how the broker is reached.
    ///   - address: the broker's, for people, without a password.
    ///   - limit: how long the broker may take for each answer.
    ///   - listening: seconds of traffic to listen to.
    ///   - folders: state folders whose free space is looked at.
    ///   - connect: opens a connection; the console itself knows no MQTT library.
    public init(
        options: BusConnectionOptions, address: String, topics: TopicSpace, limit: Duration, listening: Double,
        folders: [String], now: @escaping @Sendable () -> Double, connect: @escaping Connect
    ) {
        self.options = options
        self.address = address
        self.topics = topics
        self.limit = limit
        self.listening = listening
        self.folders = folders
        self.now = now
        self.connect = connect
    }

    /// Looks at this machine, the broker and the fleet; what comes later is left out where something before it is missing.
    ///
    /// - Parameter say: told what is being done.
    public func run(say: @Sendable (String) -> Void) async throws -> DoctorReport {
        var report = DoctorReport(findings: [], broker: address, t: now())
        report.findings = HostCheck(folders: folders, now: now()).run()
        say("asking \(address)")
        let (found, isOpen) = await AddressCheck.run(host: options.host, port: options.port, limit: limit)
        report.findings += found
        guard isOpen else { return report }
        if let tls = options.tls {
            report.findings += await CertificateCheck(
                host: options.host, port: options.port, tls: tls, limit: limit
            ).run()
        }
        let (bus, finding) = try await connection()
        report.findings.append(finding)
        guard let bus else { return report }
        do {
            report.findings += try await fleet(bus, say: say)
            await bus.close()
        } catch {
            await bus.close()
            throw error
        }
        return report
    }

    // MARK: Connecting

    /// A connection by the newest protocol that the broker speaks.
    private func connection() async throws -> ((any MessageBus)?, DoctorFinding) {
        let (bus, reason) = try await attempt(options)
        if let bus { return (bus, .ok("broker.connect", "MQTT \(options.version.rawValue) is spoken")) }
        let isRefused = reason.lowercased().contains("authori") || reason.lowercased().contains("user name")
        if isRefused {
            let account = options.username.map { "the account \($0)" } ?? "a client without an account"
            return (
                nil,
                .error(
                    "broker.account", "the broker refuses \(account): \(reason)",
                    do:
                        "check user and password (mqtt://USER:PASSWORD@…, RETORT_BUS_USERNAME, RETORT_BUS_PASSWORD) and the "
                        + "broker's password_file (mosquitto_passwd)")
            )
        }
        if options.version == .v5 {
            var older = options
            older.version = .v311
            if let bus = try await attempt(older).bus {
                return (
                    bus,
                    .warning(
                        "broker.connect", "the broker speaks MQTT 3.1.1 and not 5 (\(reason))",
                        do:
                            "set bus.version=3.1.1 for all services and --mqtt 3.1.1 here; all works, without message expiry"
                    )
                )
            }
        }
        return (
            nil,
            .error(
                "broker.connect", "no MQTT connection comes about: \(reason)",
                do: options.tls == nil
                    ? "is it an MQTT listener, and one without TLS? With TLS the address begins with mqtts://"
                    : "see the findings on tls above, and the broker's log")
        )
    }

    private func attempt(_ options: BusConnectionOptions) async throws -> (bus: (any MessageBus)?, reason: String) {
        var options = options
        options.clientID += "-doctor"
        let bus: any MessageBus
        do { bus = try await connect(options) } catch let error as BusError { return (nil, error.message) }
        let last = Mutex("no answer within \(limit)")
        let isConnected = try await within(limit) {
            for await state in bus.states() {
                switch state {
                case .connected: return true
                case .disconnected("not connected yet"): continue
                case .disconnected(let reason):
                    last.withLock { $0 = reason }
                    return false
                }
            }
            return false
        }
        if isConnected == true { return (bus, "") }
        await bus.close()
        return (nil, last.withLock { $0 })
    }

    // MARK: On the bus

    private func fleet(_ bus: any MessageBus, say: @Sendable (String) -> Void) async throws -> [DoctorFinding] {
        let isLocal = ["localhost", "127.0.0.1", "::1"].contains(options.host)
        var findings = try await BusProbe(
            bus: bus, topics: topics, token: token, isLocal: isLocal, limit: limit
        ).run()
        guard !findings.contains(where: { $0.check == "access.read" }) else { return findings }
        let client = FleetClient(bus: bus, topics: topics, address: address, timeout: limit)
        let facts = BrokerFacts(await facts(bus))
        findings += facts.findings(fileLimit: isLocal ? LocalBroker.fileLimit() : nil)
        say("listening for \(Quantity.seconds(listening))")
        do {
            let (view, heard) = try await listen(client)
            findings += FleetCheck(fleet: view, heard: heard, seconds: listening, now: now()).run()
        } catch let error as FleetConsoleError {
            findings.append(
                .error(
                    "fleet", "the fleet cannot be listened to: \(error)",
                    do: "see the findings above, and the broker's log"))
        }
        return findings
    }

    /// What the broker tells of itself; one that forbids its own topics is no fault.
    private func facts(_ bus: any MessageBus) async -> [BusMessage] {
        let client = FleetClient(bus: bus, topics: topics, address: address, timeout: min(limit, .seconds(2)))
        do { return try await client.retained(BrokerFacts.filters) } catch { return [] }
    }

    private var token: String {
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private func listen(_ client: FleetClient) async throws -> (FleetView, HeardTraffic) {
        let view = FleetView(topics: topics)
        let traffic = HeardTraffic(topics: topics)
        let subscription = try await client.subscribe(to: view.filters + traffic.filters)
        defer { subscription.cancel() }
        let heard = Mutex((view: view, traffic: traffic))
        _ = try await within(.seconds(listening)) {
            while let batch = await subscription.next() {
                let time = now()
                heard.withLock { state in
                    for message in batch {
                        state.view.ingest(message, now: time)
                        state.traffic.take(message, now: time)
                    }
                }
            }
        }
        return heard.withLock { ($0.view, $0.traffic) }
    }
}
