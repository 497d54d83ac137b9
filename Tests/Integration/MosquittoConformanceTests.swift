import BusAPI
import BusMosquitto
import BusTesting
import Logging
import Testing

/// A real broker as the suite wants it.
struct MosquittoHarness: BusConformanceHarness {
    let broker: MosquittoBroker
    let version: BusConnectionOptions.ProtocolVersion

    func connect(_ clientID: String, will: BusMessage?, birth: BusMessage?) async throws -> any MessageBus {
        try MosquittoBus(
            options: BusConnectionOptions(
                host: "127.0.0.1", port: broker.port, clientID: clientID, version: version, will: will, birth: birth),
            reconnect: ReconnectPolicy(first: .milliseconds(10), longest: .milliseconds(50)), logger: .quiet)
    }

    func sever(_ bus: any MessageBus) async throws {
        guard let bus = bus as? MosquittoBus else { throw FixtureError("not a client of this broker") }
        bus.sever()
    }

    func stopBroker() async throws { await broker.stop() }

    func startBroker() async throws { try await broker.start() }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

@Suite("libmosquitto keeps the rules of the bus", .serialized)
struct MosquittoConformanceTests {
    @Test("Conformance over MQTT 5", arguments: BusConformance.checks)
    func version5(check: BusConformance.Check) async throws {
        try await MosquittoBroker.with { try await check.run(MosquittoHarness(broker: $0, version: .v5)) }
    }

    @Test("Conformance over MQTT 3.1.1", arguments: BusConformance.checks)
    func version311(check: BusConformance.Check) async throws {
        try await MosquittoBroker.with { try await check.run(MosquittoHarness(broker: $0, version: .v311)) }
    }
}
