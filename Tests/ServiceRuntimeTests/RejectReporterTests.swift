import BusAPI
import BusTesting
import ServiceRuntime
import Synchronization
import Telemetry
import Testing

@Suite("Rejects")
struct RejectReporterTests {
    @Test("Every refusal is counted; a few a second are published")
    func rateLimit() async throws {
        let broker = InMemoryBroker()
        let board = StatusBoard()
        let clock = Mutex(1_760_000_000.2)
        let reporter = RejectReporter(
            executable: "edge-inferencer", bus: broker.connect("a"), topics: TopicSpace(), board: board, perSecond: 2,
            now: { clock.withLock { $0 } })
        for _ in 0..<5 {
            await reporter.reject(topic: "x", code: "malformed", reason: String(repeating: "y", count: 900))
        }
        clock.withLock { $0 += 1 }
        await reporter.reject(topic: "x", code: "malformed", reason: "z")
        #expect(board.counters["rejected"] == 6)
        let published = try broker.published(matching: "retort/v1/reject/edge-inferencer").map {
            try RejectMessage(payload: $0.payload)
        }
        #expect(published.map(\.count) == [1, 2, 6])
        #expect(published.first?.reason.count == 500)
    }

    @Test("A bus that is away costs the message, not the process")
    func away() async {
        let broker = InMemoryBroker()
        let board = StatusBoard()
        let reporter = RejectReporter(
            executable: "x", bus: broker.connect("a"), topics: TopicSpace(), board: board, now: { 1_760_000_000 })
        broker.stop()
        await reporter.reject(topic: "x", code: "malformed", reason: "z")
        #expect(board.counters["rejected"] == 1 && board.counters["rejectsUnsent"] == 1)
    }
}
