import Synchronization

/// Tells any number of listeners the connection's state: for implementations of ``MessageBus``.
package final class BusStateBroadcaster: Sendable {
    private struct State {
        var current: BusState
        var listeners: [Int: AsyncStream<BusState>.Continuation] = [:]
        var nextListener = 0
        var finished = false
    }

    private let state: Mutex<State>

    package init(_ initial: BusState) {
        state = Mutex(State(current: initial))
    }

    package var current: BusState { state.withLock { $0.current } }

    /// The state now and each change from now on; a listener that is slow sees the newest only.
    package func stream() -> AsyncStream<BusState> {
        let (stream, continuation) = AsyncStream.makeStream(of: BusState.self, bufferingPolicy: .bufferingNewest(1))
        let listener: Int? = state.withLock { state in
            continuation.yield(state.current)
            guard !state.finished else { return nil }
            defer { state.nextListener += 1 }
            state.listeners[state.nextListener] = continuation
            return state.nextListener
        }
        if let listener {
            continuation.onTermination = { [weak self] _ in
                self?.forget(listener)
            }
        } else {
            continuation.finish()
        }
        return stream
    }

    /// Announces a state; repeated ones are left out.
    package func send(_ new: BusState) {
        state.withLock { state in
            guard !state.finished, state.current != new else { return }
            state.current = new
            for listener in state.listeners.values { listener.yield(new) }
        }
    }

    /// Announces the last state and ends every stream.
    package func finish(_ last: BusState) {
        send(last)
        let listeners = state.withLock { state in
            state.finished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        // Outside the lock: ending a stream calls `forget`.
        for listener in listeners { listener.finish() }
    }

    private func forget(_ listener: Int) {
        state.withLock { _ = $0.listeners.removeValue(forKey: listener) }
    }
}
