import BusAPI
import Storage
import Telemetry
import Testing

@testable import MetricsAggregation

@Suite struct AggregateStoreTests {
    private func store(_ limits: JoinLimits = JoinLimits()) async throws -> AggregateStore {
        AggregateStore(database: try await Database(inMemory: AggregateStore.migrations), limits: limits)
    }

    private func read(_ store: AggregateStore) async throws -> Aggregation {
        try await store.read(topics: Fixture.topics)
    }

    private func decide(_ range: Range<Int>, _ aggregation: inout Aggregation) throws {
        for index in range {
            try aggregation.take(
                Fixture.message(
                    .inference(Fixture.device, model: "activity"),
                    Fixture.inference(index, index % 3 == 0 ? "sitting" : "walking", version: 1 + index / 100)),
                now: Fixture.now + Double(index))
            if index % 5 == 0 {
                try aggregation.take(
                    Fixture.message(.verdict(Fixture.device, model: "activity"), Fixture.verdict(index, "walking")),
                    now: Fixture.now + Double(index))
            }
        }
    }

    private func summarise(_ aggregation: inout Aggregation) throws -> [BusMessage] {
        aggregation.forgetPublished()
        return aggregation.publications(now: Fixture.now + 1000)
    }

    @Test("After a restart the counts are the same, and copies of old messages are still copies")
    func restart() async throws {
        var limits = JoinLimits()
        limits.records = 80
        let store = try await store(limits)
        var aggregation = Aggregation(topics: Fixture.topics, limits: limits)
        try aggregation.take(
            Fixture.message(.truth(Fixture.device), Fixture.interval("a", 0, 150, "walking")), now: Fixture.now)
        try aggregation.take(
            Fixture.message(.label(Fixture.device), Fixture.interval("b", 100, 300, "sitting")), now: Fixture.now)
        let edge = EdgeID(site: "home", edge: "gw-1")
        try aggregation.take(
            Fixture.message(.energy(edge), Fixture.energy(0, inferences: 0, ["compute": 1])), now: Fixture.now)
        for step in 0..<10 {
            try decide(step * 20..<step * 20 + 20, &aggregation)
            try await store.write(aggregation.drain(now: Fixture.now))
        }
        try aggregation.take(
            Fixture.message(.energy(edge), Fixture.energy(10, inferences: 200, ["compute": 2])), now: Fixture.now)
        try aggregation.take(
            Fixture.message(
                .installed(model: "activity", edge),
                InstalledMessage(t: Fixture.now, state: .running, running: 2, digest: "d", bytes: 700)),
            now: Fixture.now)
        try await store.write(aggregation.drain(now: Fixture.now))
        #expect(aggregation.drain(now: Fixture.now).isEmpty)
        let expected = try summarise(&aggregation)

        var revived = try await read(store)
        #expect(revived.join.book.totals == aggregation.join.book.totals)
        #expect(revived.join.recordCount == 80)
        #expect(revived.fleet.movement == aggregation.fleet.movement)
        try decide(0..<200, &revived)
        try revived.take(
            Fixture.message(.energy(edge), Fixture.energy(10, inferences: 200, ["compute": 2])), now: Fixture.now)
        #expect(revived.join.book.totals == aggregation.join.book.totals)
        let accuracy = expected.filter { $0.topic.contains("/accuracy/") }.map(\.payload)
        #expect(accuracy.count == 2)
        #expect(
            try summarise(&revived).filter { $0.topic.contains("/accuracy/") }.map(\.payload).sorted {
                $0.lexicographicallyPrecedes($1)
            } == accuracy.sorted { $0.lexicographicallyPrecedes($1) })
        // A correction after the restart reaches what is still held.
        try revived.take(
            Fixture.message(.truth(Fixture.device), Fixture.interval("a", 0, 150, nil, t: Fixture.now + 1)),
            now: Fixture.now)
        #expect(revived.join.tally(2).truth.scored < aggregation.join.tally(2).truth.scored)
    }

    @Test("A process killed between two writes loses what came after the last one, and nothing before")
    func kill() async throws {
        let store = try await store()
        var aggregation = Aggregation(topics: Fixture.topics)
        try decide(0..<60, &aggregation)
        try await store.write(aggregation.drain(now: Fixture.now))
        let stored = aggregation.join.book.totals
        try decide(60..<70, &aggregation)
        var revived = try await read(store)
        #expect(revived.join.book.totals == stored)
        // The edge sends again what was not acknowledged; nothing counts twice.
        try decide(50..<70, &revived)
        #expect(revived.join.book.totals == aggregation.join.book.totals)
    }

    @Test("A snapshot that is written again, since nobody knows whether it was, counts once")
    func repeatedWrite() async throws {
        let store = try await store()
        var aggregation = Aggregation(topics: Fixture.topics)
        try decide(0..<30, &aggregation)
        let first = aggregation.drain(now: Fixture.now)
        try await store.write(first)
        try await store.write(first)
        try decide(30..<50, &aggregation)
        try await store.write(aggregation.drain(now: Fixture.now))
        try await store.write(first)
        let revived = try await read(store)
        #expect(revived.join.book.totals == aggregation.join.book.totals)
        let fleet = try #require(revived.join.book.subjects.firstIndex { $0.kind == .fleet })
        let days = try await store.sums(.day, of: [Int32(fleet)], from: 0, to: 2 * Fixture.now)
        #expect(days[Int32(fleet)]?.decisions == 50)
        // What comes after a restart counts on.
        var later = revived
        try decide(50..<60, &later)
        try await store.write(later.drain(now: Fixture.now))
        #expect(try await read(store).join.book.totals[fleet].decisions == 60)
    }

    @Test("A damaged database is an error, not a wrong count")
    func damaged() async throws {
        for damage in [
            "DELETE FROM name WHERE number = 0", "UPDATE record SET student = 'x', truth = 99",
            "UPDATE series SET content = '{}'", "UPDATE record SET series = 7", "UPDATE rollup SET tally = x'01ff'",
            "DELETE FROM subject WHERE number = 0", "UPDATE subject SET kind = 9",
        ] {
            let store = try await store()
            var aggregation = Aggregation(topics: Fixture.topics)
            try decide(0..<3, &aggregation)
            try await store.write(aggregation.drain(now: Fixture.now))
            try await store.database.write { try $0.execute(damage) }
            await #expect(throws: (any Error).self, "\(damage)") { _ = try await read(store) }
        }
    }
}
