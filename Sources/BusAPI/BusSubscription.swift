import Synchronization

/// The messages of one subscription, in batches: all that arrived since the consumer last asked.
///
/// Batches keep the cost of a message low where thousands come each second. One consumer at a time. The sequence ends when the bus is closed, the subscription is cancelled or the consuming
/// task is cancelled.
public final class BusSubscription: AsyncSequence, Sendable {
    public typealias Element = [BusMessage]

    private struct State {
        /// What is held stands from `head` on; what is before it was dropped and waits to be cleared away.
        var messages: [BusMessage] = []
        var head = 0
        var waiter: CheckedContinuation<[BusMessage]?, Never>?
        var dropped = 0
        var finished = false
        var cancelled = false

        mutating func takeAll() -> [BusMessage] {
            if head > 0 { messages.removeFirst(head) }
            head = 0
            return Swift.exchange(&messages, with: [])
        }

        /// Drops the oldest message; clearing away rarely keeps the cost of a full queue constant per message.
        mutating func dropOldest(limit: Int) {
            messages[head].payload = []
            head += 1
            dropped += 1
            if head >= limit {
                messages.removeFirst(head)
                head = 0
            }
        }
    }

    public let filters: [BusFilter]
    private let limit: Int
    private let overflow: BusOverflow
    private let state = Mutex(State())
    private let onCancel: @Sendable (BusSubscription) -> Void

    /// For implementations of ``MessageBus``.
    ///
    /// - Precondition: `limit` > 0.
    public init(
        filters: [BusFilter], limit: Int, overflow: BusOverflow, onCancel: @escaping @Sendable (BusSubscription) -> Void
    ) {
        precondition(limit > 0, "a subscription holds at least one message")
        self.filters = filters
        self.limit = limit
        self.overflow = overflow
        self.onCancel = onCancel
    }

    /// Messages dropped because the consumer did not keep up.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// Messages held now.
    public var depth: Int { state.withLock { $0.messages.count - $0.head } }

    /// Whether one of the filters passes the topic.
    public func matches(_ topic: String) -> Bool { filters.contains { $0.matches(topic) } }

    /// Adds a message: for implementations of ``MessageBus``. Never blocks.
    public func deliver(_ message: BusMessage) {
        let waiting: (CheckedContinuation<[BusMessage]?, Never>, [BusMessage])? = state.withLock { state in
            guard !state.finished else { return nil }
            if state.messages.count - state.head >= limit {
                guard overflow == .dropOldest else {
                    state.dropped += 1
                    return nil
                }
                state.dropOldest(limit: limit)
            }
            state.messages.append(message)
            guard let waiter = state.waiter else { return nil }
            state.waiter = nil
            return (waiter, state.takeAll())
        }
        if let (waiter, batch) = waiting { waiter.resume(returning: batch) }
    }

    /// Ends the sequence after what is held: for implementations of ``MessageBus``.
    public func finish() {
        let waiter = state.withLock { state in
            state.finished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// Unsubscribes and ends the sequence after what is held. Idempotent.
    public func cancel() {
        let first = state.withLock { state in
            defer { state.cancelled = true }
            return !state.cancelled
        }
        finish()
        if first { onCancel(self) }
    }

    /// The next batch, or nothing at the end.
    ///
    /// - Precondition: no other call of this method is waiting.
    public func next() async -> [BusMessage]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<[BusMessage]?, Never>) in
                let ready: [BusMessage]?? = state.withLock { state in
                    // First, so that a steady stream of messages cannot keep a cancelled consumer going.
                    if Task.isCancelled { return .some(nil) }
                    if state.messages.count > state.head { return .some(state.takeAll()) }
                    if state.finished { return .some(nil) }
                    precondition(state.waiter == nil, "a subscription has one consumer at a time")
                    state.waiter = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }

    public struct Iterator: AsyncIteratorProtocol {
        let subscription: BusSubscription
        public func next() async -> [BusMessage]? { await subscription.next() }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(subscription: self) }
}
