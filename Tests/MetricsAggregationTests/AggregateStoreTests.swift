import BusAPI
import Storage
import Telemetry
import Testing

@testable import MetricsAggregation

@Suite struct AggregateStoreTests {
    private func store() async throws -> AggregateStore {
        AggregateStore(database: try await Database(inMemory: AggregateStore.migrations))
    }

    private func read(_ store: AggregateStore, _ limits: JoinLimits = JoinLimits()) async throws -> Aggregation {
        try await store.read(topics: Fixture.topics, limits: limits)
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
        let store = try await store()
        var limits = JoinLimits()
        limits.records = 80
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
            aggregation.join.seal(now: Fixture.now)
            try await store.write(aggregation.drain())
        }
        try aggregation.take(
            Fixture.message(.energy(edge), Fixture.energy(10, inferences: 200, ["compute": 2])), now: Fixture.now)
        try aggregation.take(
            Fixture.message(
                .installed(model: "activity", edge),
                InstalledMessage(t: Fixture.now, state: .running, running: 2, digest: "d", bytes: 700)),
            now: Fixture.now)
        try await store.write(aggregation.drain())
        #expect(aggregation.drain().isEmpty)
        let expected = try summarise(&aggregation)

        var revived = try await read(store, limits)
        #expect(revived.join.live == aggregation.join.live)
        #expect(revived.join.recordCount == aggregation.join.recordCount)
        #expect(revived.energy.accounts == aggregation.energy.accounts)
        #expect(revived.fleet.movement == aggregation.fleet.movement)
        try decide(0..<200, &revived)
        try revived.take(
            Fixture.message(.energy(edge), Fixture.energy(10, inferences: 200, ["compute": 2])), now: Fixture.now)
        #expect(revived.join.live == aggregation.join.live)
        #expect(revived.energy.accounts == aggregation.energy.accounts)
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
        try await store.write(aggregation.drain())
        let stored = aggregation.join.live
        try decide(60..<70, &aggregation)
        var revived = try await read(store)
        #expect(revived.join.live == stored)
        // The edge sends again what was not acknowledged; nothing counts twice.
        try decide(50..<70, &revived)
        #expect(revived.join.live == aggregation.join.live)
    }

    @Test("After writes that failed, the next one stores everything")
    func failedWrite() async throws {
        let store = try await store()
        var aggregation = Aggregation(topics: Fixture.topics)
        try decide(0..<30, &aggregation)
        try await store.write(aggregation.drain())
        try decide(30..<50, &aggregation)
        _ = aggregation.drain()  // lost
        aggregation.mustStoreAll = true
        try decide(50..<60, &aggregation)
        try await store.write(aggregation.drain())
        let revived = try await read(store)
        #expect(revived.join.live == aggregation.join.live)
    }

    @Test("A damaged database is an error, not a wrong count")
    func damaged() async throws {
        for damage in [
            "DELETE FROM name WHERE number = 0", "UPDATE record SET student = 'x', truth = 99",
            "UPDATE series SET sealed = '{}'", "UPDATE record SET series = 7",
        ] {
            let store = try await store()
            var aggregation = Aggregation(topics: Fixture.topics)
            try decide(0..<3, &aggregation)
            try await store.write(aggregation.drain())
            try await store.database.write { try $0.execute(damage) }
            await #expect(throws: (any Error).self, "\(damage)") { _ = try await read(store) }
        }
    }
}
