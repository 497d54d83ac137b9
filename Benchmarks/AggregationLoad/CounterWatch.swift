import ArgumentParser
import BusAPI
import FleetConsole
import Synchronization
import Telemetry

/// How many decisions a process says it has counted.
final class CounterWatch: Sendable {
    private let known: Known
    private let subscription: BusSubscription

    private final class Known: Sendable {
        let count = Mutex(0)
    }

    /// - Parameter read: the count that a message tells.
    init(
        _ running: LocalCluster.Running, _ topic: Topic, read: @escaping @Sendable ([UInt8]) throws -> Int
    ) async throws {
        let subscription = try await running.bus.subscribe(
            to: [BusFilter(running.topics.string(topic))], limit: 100, overflow: .dropOldest)
        let known = Known()
        self.known = known
        self.subscription = subscription
        Task {
            for await batch in subscription {
                for message in batch where !message.payload.isEmpty {
                    let count = try read(message.payload)
                    known.count.withLock { $0 = count }
                }
            }
        }
    }

    deinit { subscription.cancel() }

    var count: Int { known.count.withLock { $0 } }

    /// Waits until as many decisions were counted.
    func reaches(_ decisions: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while count < decisions {
            guard ContinuousClock.now < deadline else {
                throw ValidationError("sent \(decisions) decisions; after a minute \(count) are counted")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
