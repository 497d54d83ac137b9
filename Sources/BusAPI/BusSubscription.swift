import Synchronization

/// The messages of one subscription, in batches: all that arrived since the consumer last asked.
///
/// One consumer at a time. The sequence ends when the bus is closed, the subscription is cancelled or the consuming
/// task is cancelled.
public final class BusSubscription: AsyncSequence, Sendable {
    public typealias Element = [BusMessage]

    private struct State {
        var messages: [BusMessage] = []
        var waiter: CheckedContinuation<[BusMessage]?, Never>?
        var dropped = 0
        var finished = false
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
    public var depth: Int { state.withLock { $0.messages.count } }

    /// Whether one of the filters passes the topic.
    public func matches(_ topic: String) -> Bool { filters.contains { $0.matches(topic) } }

    /// Adds a message: for implementations of ``MessageBus``. Never blocks.
    public func deliver(_ message: BusMessage) {
        let waiting: (CheckedContinuation<[BusMessage]?, Never>, [BusMessage])? = state.withLock { state in
            guard !state.finished else { return nil }
            if state.messages.count >= limit {
                state.dropped += 1
                if overflow == .dropNewest { return nil }
                // Removing many at once keeps the cost of a full queue constant per message.
                let excess = Swift.max(1, limit / 16)
                state.dropped += excess - 1
                state.messages.removeFirst(excess)
            }
            state.messages.append(message)
            guard let waiter = state.waiter else { return nil }
            state.waiter = nil
            let batch = state.messages
            state.messages = []
            return (waiter, batch)
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

    /// Unsubscribes and ends the sequence.
    public func cancel() {
        finish()
        onCancel(self)
    }

    /// The next batch, or nothing at the end.
    public func next() async -> [BusMessage]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<[BusMessage]?, Never>) in
                let ready: [BusMessage]?? = state.withLock { state in
                    if !state.messages.isEmpty {
                        let batch = state.messages
                        state.messages = []
                        return .some(batch)
                    }
                    if state.finished || Task.isCancelled { return .some(nil) }
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
