public import JSON
import Synchronization

/// The counters and details that a service shows on its `status/` topic. Safe from any thread.
public final class StatusBoard: Sendable {
    private struct State {
        var counters: [String: Int] = [:]
        var details = JSONObject()
        var changes = 0
    }

    private let state = Mutex(State())
    /// One element while somebody waits for the status to be published before its time.
    package let urgent: AsyncStream<Void>
    private let urge: AsyncStream<Void>.Continuation

    public init() {
        (urgent, urge) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has the status published at once: for what others wait for, not for counters.
    public func publishSoon() { urge.yield() }

    /// Adds to a cumulative counter: `received`, `dropped`, `late`, `resent`, `rejected`, or one of the service's own.
    ///
    /// What subscriptions drop is added to `dropped` when the status is published; a service counts only other drops.
    public func count(_ name: String, by amount: Int = 1) {
        guard amount != 0 else { return }
        state.withLock {
            $0.counters[name, default: 0] += amount
            $0.changes += 1
        }
    }

    /// Sets a counter that is kept elsewhere to its current value.
    public func setCount(_ name: String, to value: Int) {
        state.withLock {
            guard $0.counters[name] != value else { return }
            $0.counters[name] = value
            $0.changes += 1
        }
    }

    /// Sets or, with nothing, removes a detail.
    public func set(_ key: String, _ value: JSONValue?) {
        state.withLock {
            guard $0.details[key] != value else { return }
            $0.details[key] = value
            $0.changes += 1
        }
    }

    public var counters: [String: Int] { state.withLock { $0.counters } }
    public var details: JSONObject { state.withLock { $0.details } }
    /// Grows with every change, so that an unchanged status is not published again.
    public var changes: Int { state.withLock { $0.changes } }
}
