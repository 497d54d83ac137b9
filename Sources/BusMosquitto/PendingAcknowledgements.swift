import BusAPI

/// Which acknowledgement belongs to which call.
///
/// The library tells a message's id only when the call that sends it returns, and the broker may have acknowledged by
/// then, on another thread. So a call is announced before (``begin(limit:)``), and an acknowledgement nobody asked for
/// yet is kept while a call is under way.
struct PendingAcknowledgements {
    typealias Outcome = Result<[UInt8], BusError>
    typealias Waiter = @Sendable (Outcome) -> Void

    /// What the caller has to run after giving up the lock.
    struct Action {
        var waiters: [Waiter] = []
        var outcome: Outcome = .success([])
        var drained: [@Sendable () -> Void] = []

        func run() {
            for waiter in waiters { waiter(outcome) }
            for closure in drained { closure() }
        }
    }

    private var waiters: [Int32: Waiter] = [:]
    private var early: [Int32: Outcome] = [:]
    private var underWay = 0
    private var ended: BusError?
    private var drainWaiters: [@Sendable () -> Void] = []

    /// Calls announced or awaiting their acknowledgement.
    var count: Int { underWay + waiters.count }

    /// Announces a call.
    ///
    /// - Throws: what ended the connection, or `.queueFull`.
    mutating func begin(limit: Int) throws(BusError) {
        if let ended { throw ended }
        guard count < limit else { throw BusError(.queueFull, "\(limit) messages await their acknowledgement") }
        underWay += 1
    }

    /// The announced call failed: there will be no acknowledgement.
    mutating func abandon() -> Action {
        underWay -= 1
        return settled()
    }

    /// The announced call was made and has this id.
    mutating func register(_ id: Int32, _ waiter: @escaping Waiter) -> Action {
        underWay -= 1
        if let ended { return Action(waiters: [waiter], outcome: .failure(ended), drained: settled().drained) }
        if let outcome = early.removeValue(forKey: id) {
            return Action(waiters: [waiter], outcome: outcome, drained: settled().drained)
        }
        waiters[id] = waiter
        return settled()
    }

    mutating func acknowledge(_ id: Int32, _ outcome: Outcome) -> Action {
        guard let waiter = waiters.removeValue(forKey: id) else {
            if underWay > 0 { early[id] = outcome }
            return Action()
        }
        return Action(waiters: [waiter], outcome: outcome, drained: settled().drained)
    }

    /// The one who waits for this id gives up; its acknowledgement will find nobody.
    mutating func cancel(_ id: Int32, _ error: BusError) -> Action {
        guard let waiter = waiters.removeValue(forKey: id) else { return Action() }
        waiters[id] = { _ in }
        return Action(waiters: [waiter], outcome: .failure(error))
    }

    /// The connection is gone: everyone is told, and every later call.
    mutating func end(_ error: BusError) -> Action {
        guard ended == nil else { return Action() }
        ended = error
        let all = Array(waiters.values)
        waiters = [:]
        early = [:]
        return Action(waiters: all, outcome: .failure(error), drained: settled().drained)
    }

    /// Runs the closure once nothing is outstanding.
    mutating func whenDrained(_ closure: @escaping @Sendable () -> Void) -> Action {
        drainWaiters.append(closure)
        return settled()
    }

    private mutating func settled() -> Action {
        if underWay == 0 { early = [:] }
        guard count == 0 else { return Action() }
        defer { drainWaiters = [] }
        return Action(drained: drainWaiters)
    }
}
