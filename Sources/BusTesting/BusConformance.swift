package import BusAPI

/// What every ``MessageBus`` must do, as checks that run against any of them.
public enum BusConformance {
    /// One behaviour; `run` throws a ``Failure`` where it is missing.
    public struct Check: Sendable, CustomStringConvertible {
        public let name: String
        public let run: @Sendable (any BusConformanceHarness) async throws -> Void
        public var description: String { name }
    }

    /// What was expected and did not happen.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Every check; each wants a broker of its own.
    public static let checks: [Check] = deliveryChecks + retainedChecks + connectionChecks + limitChecks

    // MARK: Tools

    static func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws {
        guard condition else { throw Failure(description: what()) }
    }

    static func expectEqual<T: Equatable & Sendable>(_ found: T, _ expected: T, _ what: String) throws {
        guard found == expected else { throw Failure(description: "\(what): \(found), expected \(expected)") }
    }

    static func expectError(
        _ code: BusError.Code, _ what: String, _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch let error as BusError {
            guard error.code == code else {
                throw Failure(description: "\(what): \(error.code) (\(error)), expected \(code)")
            }
            return
        }
        throw Failure(description: "\(what): no error, expected \(code)")
    }

    /// Fails where `body` takes longer than allowed; generous, because it only decides how long a failure takes.
    package static func within<T: Sendable>(
        _ limit: Duration, _ what: String, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw Failure(description: "\(what): nothing within \(limit)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw Failure(description: what) }
            return first
        }
    }

    /// The next messages up to and including the first that satisfies the condition.
    static func messages(
        of subscription: BusSubscription, until isLast: @escaping @Sendable (BusMessage) -> Bool
    ) async throws -> [BusMessage] {
        try await within(.seconds(20), "waiting on \(subscription.filters)") {
            var all: [BusMessage] = []
            while let batch = await subscription.next() {
                all += batch
                if batch.contains(where: isLast) { return all }
            }
            throw Failure(description: "the subscription ended")
        }
    }

    /// The next messages, at least so many.
    package static func messages(of subscription: BusSubscription, count: Int) async throws -> [BusMessage] {
        try await within(.seconds(60), "waiting for \(count) messages on \(subscription.filters)") {
            var all: [BusMessage] = []
            while all.count < count, let batch = await subscription.next() { all += batch }
            guard all.count >= count else { throw Failure(description: "the subscription ended at \(all.count)") }
            return all
        }
    }

    /// Waits until the bus is connected or until it is not, whatever the reason.
    static func wait(for state: BusState, of bus: any MessageBus) async throws {
        let states = bus.states()
        try await within(.seconds(20), "waiting for \(state)") {
            for await current in states {
                switch (current, state) {
                case (.connected, .connected), (.disconnected, .disconnected): return
                default: continue
                }
            }
            throw Failure(description: "the bus was closed")
        }
    }

    static func texts(_ messages: [BusMessage]) -> [String] {
        messages.map { String(decoding: $0.payload, as: UTF8.self) }
    }
}
