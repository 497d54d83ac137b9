import BusAPI
import Synchronization
import Testing

@testable import BusMosquitto

@Suite("Acknowledgements find the call that waits for them")
struct PendingAcknowledgementsTests {
    /// What waiters were told, by name.
    private final class Heard: Sendable {
        private let state = Mutex<[String: Bool]>([:])
        var all: [String: Bool] { state.withLock { $0 } }

        func waiter(_ name: String) -> PendingAcknowledgements.Waiter {
            { outcome in
                self.state.withLock { state in
                    #expect(state[name] == nil, "\(name) is told twice")
                    if case .success = outcome { state[name] = true } else { state[name] = false }
                }
            }
        }
    }

    @Test("Before or after the call returned makes no difference")
    func early() throws {
        var pending = PendingAcknowledgements()
        let heard = Heard()
        try pending.begin(limit: 10)
        try pending.begin(limit: 10)
        pending.acknowledge(1, .success([])).run()
        pending.register(1, heard.waiter("early")).run()
        pending.register(2, heard.waiter("late")).run()
        #expect(heard.all == ["early": true])
        pending.acknowledge(2, .success([])).run()
        #expect(heard.all == ["early": true, "late": true])
        #expect(pending.count == 0)
    }

    @Test("An acknowledgement that nobody asked for is not taken for a later call's")
    func stray() throws {
        var pending = PendingAcknowledgements()
        let heard = Heard()
        pending.acknowledge(1, .success([])).run()
        try pending.begin(limit: 10)
        pending.register(1, heard.waiter("own")).run()
        #expect(heard.all.isEmpty)
    }

    @Test("The end of the connection fails who waits, who is under way and who comes later")
    func end() throws {
        var pending = PendingAcknowledgements()
        let heard = Heard()
        try pending.begin(limit: 10)
        pending.register(1, heard.waiter("waits")).run()
        try pending.begin(limit: 10)
        pending.end(BusError(.notConnected, "gone")).run()
        #expect(heard.all == ["waits": false])
        pending.register(2, heard.waiter("under way")).run()
        #expect(heard.all == ["waits": false, "under way": false])
        #expect(throws: BusError.self) { try pending.begin(limit: 10) }
        pending.acknowledge(1, .success([])).run()
    }

    @Test("The bound counts calls under way and those that wait")
    func bound() throws {
        var pending = PendingAcknowledgements()
        try pending.begin(limit: 2)
        try pending.begin(limit: 2)
        #expect { try pending.begin(limit: 2) } throws: { ($0 as? BusError)?.code == .queueFull }
        pending.abandon().run()
        try pending.begin(limit: 2)
    }

    @Test("One who gives up is told so, and the acknowledgement then finds nobody")
    func cancelled() throws {
        var pending = PendingAcknowledgements()
        let heard = Heard()
        try pending.begin(limit: 2)
        pending.register(1, heard.waiter("gives up")).run()
        pending.cancel(1, BusError(.failed, "cancelled")).run()
        #expect(heard.all == ["gives up": false])
        pending.acknowledge(1, .success([])).run()
        pending.cancel(1, BusError(.failed, "cancelled")).run()
        #expect(pending.count == 0)
    }

    @Test("Drained means that nothing is under way and nobody waits")
    func drained() throws {
        var pending = PendingAcknowledgements()
        let drained = Mutex(false)
        try pending.begin(limit: 2)
        pending.whenDrained { drained.withLock { $0 = true } }.run()
        pending.register(1, { _ in }).run()
        #expect(!drained.withLock { $0 })
        pending.acknowledge(1, .success([])).run()
        #expect(drained.withLock { $0 })
    }

    @Test("Pauses between attempts double up to a longest and are spread")
    func pauses() {
        let policy = ReconnectPolicy(first: .milliseconds(200), longest: .seconds(5))
        #expect(policy.pause(after: 1, spread: 1) == .milliseconds(200))
        #expect(policy.pause(after: 1, spread: 0) == .milliseconds(100))
        #expect(policy.pause(after: 3, spread: 1) == .milliseconds(800))
        #expect(policy.pause(after: 1_000_000, spread: 1) == .seconds(5))
    }
}
