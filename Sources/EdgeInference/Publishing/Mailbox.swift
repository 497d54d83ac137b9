import Synchronization

/// A bounded queue between one or more producers, who never wait, and one consumer, who takes all there is at once.
///
/// When it is full the oldest elements go, and are counted.
final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiter: CheckedContinuation<[Element]?, Never>?
        var dropped = 0
        var finished = false
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Precondition: `limit` > 0.
    init(limit: Int) {
        precondition(limit > 0, "a mailbox holds at least one element")
        self.limit = limit
    }

    /// Elements dropped because the consumer did not keep up.
    var dropped: Int { state.withLock { $0.dropped } }
    var depth: Int { state.withLock { $0.elements.count } }

    func put(_ element: Element) { put(contentsOf: CollectionOfOne(element)) }

    func put(contentsOf elements: some Collection<Element>) {
        guard !elements.isEmpty else { return }
        let waiting: (CheckedContinuation<[Element]?, Never>, [Element])? = state.withLock { state in
            guard !state.finished else { return nil }
            state.elements.append(contentsOf: elements)
            if state.elements.count > limit {
                // Many at once, so that a full queue costs the same per element as one that is not.
                let excess = state.elements.count - limit + (elements.count == 1 ? limit / 16 : 0)
                state.elements.removeFirst(excess)
                state.dropped += excess
            }
            guard let waiter = state.waiter else { return nil }
            state.waiter = nil
            defer { state.elements = [] }
            return (waiter, state.elements)
        }
        if let (waiter, elements) = waiting { waiter.resume(returning: elements) }
    }

    /// All that is there now, without waiting.
    func takeAll() -> [Element] {
        state.withLock { state in
            defer { state.elements = [] }
            return state.elements
        }
    }

    /// Ends the queue after what it holds.
    func finish() {
        let waiter = state.withLock { state in
            state.finished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// All that is there, as soon as there is something; nothing at the end or when the task is cancelled.
    func next() async -> [Element]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<[Element]?, Never>) in
                let ready: [Element]?? = state.withLock { state in
                    if !state.elements.isEmpty {
                        defer { state.elements = [] }
                        return .some(state.elements)
                    }
                    if state.finished || Task.isCancelled { return .some(nil) }
                    precondition(state.waiter == nil, "a mailbox has one consumer at a time")
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
}
