import BusAPI
import BusTesting
import Testing

@Suite("The in-memory bus keeps the rules of the bus")
struct InMemoryConformanceTests {
    @Test("Conformance", arguments: BusConformance.checks)
    func conformance(check: BusConformance.Check) async throws {
        try await check.run(InMemoryHarness())
    }

    @Test("A refused subscription throws refused")
    func refused() async throws {
        let broker = InMemoryBroker()
        broker.refuseSubscriptions(to: "secret/#")
        let bus = broker.connect("a")
        await #expect {
            _ = try await bus.subscribe(to: [BusFilter("secret/#")], limit: 1, overflow: .dropOldest)
        } throws: {
            ($0 as? BusError)?.code == .refused
        }
    }

    @Test("A payload above the broker's limit throws tooLarge")
    func tooLarge() async throws {
        let bus = InMemoryBroker(maximumPayload: 3).connect("a")
        try await bus.publish(BusMessage(topic: "x", payload: [1, 2, 3]))
        await #expect {
            try await bus.publish(BusMessage(topic: "x", payload: [1, 2, 3, 4]))
        } throws: {
            ($0 as? BusError)?.code == .tooLarge
        }
    }
}
