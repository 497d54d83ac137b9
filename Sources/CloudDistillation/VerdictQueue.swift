import Synchronization
import Telemetry

/// Windows that want a verdict, in order; a full queue drops the oldest, because a late verdict serves nobody.
final class VerdictQueue: Sendable {
    struct Request: Sendable {
        let device: DeviceID
        let model: String
        let window: String
        let from: Double
        let to: Double
        let values: [Float]
        /// On a clock that is never set.
        var arrived = ContinuousClock.now
    }

    private struct State {
        var requests: [Request] = []
        var head = 0
        var isFinished = false
        var waiter: CheckedContinuation<Bool, Never>?
        var count: Int { requests.count - head }
    }

    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        precondition(limit > 0, "a queue holds at least one request")
        self.limit = limit
    }

    var depth: Int { state.withLock { $0.count } }

    /// Adds a request, and says how many were dropped for it.
    func append(_ request: Request) -> Int {
        let (dropped, waiter) = state.withLock { state in
            guard !state.isFinished else { return (1, CheckedContinuation<Bool, Never>?.none) }
            var dropped = 0
            if state.count >= limit {
                state.head += 1
                dropped = 1
            }
            state.requests.append(request)
            // Removing many at once keeps the cost of a full queue constant.
            if state.head >= max(64, limit) {
                state.requests.removeFirst(state.head)
                state.head = 0
            }
            defer { state.waiter = nil }
            return (dropped, state.waiter)
        }
        waiter?.resume(returning: true)
        return dropped
    }

    /// The next requests of one model, at most `count`; nothing once the queue is finished.
    func next(_ count: Int) async -> [Request]? {
        while true {
            let batch: [Request]? = state.withLock { state in
                guard let first = state.requests[state.head...].first else { return state.isFinished ? nil : [] }
                let batch = Array(state.requests[state.head...].prefix(count).prefix { $0.model == first.model })
                state.head += batch.count
                if state.count == 0 {
                    state.requests.removeAll(keepingCapacity: true)
                    state.head = 0
                }
                return batch
            }
            guard let batch else { return nil }
            if !batch.isEmpty { return batch }
            let isOpen = await withCheckedContinuation { continuation in
                let ready: Bool? = state.withLock { state in
                    if state.isFinished { return false }
                    if state.count > 0 { return true }
                    precondition(state.waiter == nil, "a verdict queue has one consumer")
                    state.waiter = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
            guard isOpen else { return nil }
        }
    }

    /// Drops what waits and ends the consumer.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            state.requests = []
            state.head = 0
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: false)
    }
}
