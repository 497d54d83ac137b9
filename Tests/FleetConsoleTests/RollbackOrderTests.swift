import BusAPI
import BusTesting
import FleetConsole
import JSON
import Telemetry
import Testing

@Suite("retort models rollback") struct RollbackOrderTests {
    private static func release(_ version: Int, previous: Int?) -> ReleaseMessage {
        ReleaseMessage(
            t: 1_800_000_000, model: "wrist", version: version, previous: previous,
            digest: String(repeating: "a", count: 64), size: 10, parameters: 1, multiplyAccumulates: 1,
            compressedBytes: 10, report: [:])
    }

    /// Asks a registry that knows versions 1 to 4 of which version 3 is released.
    private func submit(_ order: RollbackOrder, previous: Int? = 2) async throws -> Int {
        let broker = InMemoryBroker()
        let registry = broker.connect("registry")
        let topics = TopicSpace()
        func say(_ release: ReleaseMessage) async throws {
            try await registry.publish(
                BusMessage(
                    topic: topics.string(.release(model: "wrist", channel: "stable")), payload: release.payload,
                    retained: true))
        }
        try await say(Self.release(3, previous: previous))
        let requests = try await registry.subscribe(
            to: [BusFilter(topics.string(.rollback(model: "wrist")))], limit: 10, overflow: .dropOldest)
        return try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask {
                for await batch in requests {
                    for message in batch {
                        let version = try RollbackRequest(payload: message.payload).version
                        if (1...4).contains(version) {
                            try await say(Self.release(version, previous: 3))
                        } else {
                            let reject = RejectMessage(
                                t: 1_800_000_000, topic: message.topic, code: "version", reason: "unknown", count: 1)
                            try await registry.publish(
                                BusMessage(
                                    topic: topics.string(.reject(executable: "model-registry")), payload: reject.payload
                                ))
                        }
                    }
                }
                return nil
            }
            group.addTask {
                let client = FleetClient(
                    bus: broker.connect("cli"), topics: topics, address: "memory", timeout: .seconds(5),
                    quiet: .milliseconds(50))
                return try await order.submit(to: client, now: 1_800_000_001)
            }
            defer { group.cancelAll() }
            while let answer = try await group.next() { if let answer { return answer } }
            return 0
        }
    }

    @Test("Without a version it goes to the one before the released one, with one to that; the released one is no work")
    func versions() async throws {
        #expect(try await submit(RollbackOrder(model: "wrist")) == 2)
        #expect(try await submit(RollbackOrder(model: "wrist", version: 1)) == 1)
        #expect(try await submit(RollbackOrder(model: "wrist", version: 3)) == 3)
    }

    @Test("What the registry refuses, and what there is no version for, is said")
    func refused() async throws {
        for (order, words) in [
            (RollbackOrder(model: "wrist", version: 9), "refused the roll-back: unknown"),
            (RollbackOrder(model: "ankle"), "nothing is released of ankle"),
        ] {
            let error = await #expect(throws: FleetConsoleError.self) { try await submit(order) }
            #expect(error.map { "\($0)" }?.contains(words) == true)
        }
        let error = await #expect(throws: FleetConsoleError.self) {
            try await submit(RollbackOrder(model: "wrist"), previous: nil)
        }
        #expect(error.map { "\($0)" }?.contains("no version of wrist before 3") == true)
    }
}
