import Synchronization

/// Opens once; whoever waits goes on then, or after a time.
final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var next = 0
        var expired: Set<Int> = []
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits, also where the calling task is cancelled: closing has to finish.
    func wait(atMost limit: Duration) async {
        let ticket = state.withLock { state in
            defer { state.next += 1 }
            return state.next
        }
        // Ends with the wait: cancelled below, or by running out.
        let timer = Task.detached { [weak self] in
            try? await Task.sleep(for: limit)
            self?.giveUp(ticket)
        }
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                let goesOn = state.isOpen || state.expired.contains(ticket)
                if !goesOn { state.waiters[ticket] = continuation }
                return goesOn
            }
            if goesOn { continuation.resume() }
        }
        timer.cancel()
    }

    private func giveUp(_ ticket: Int) {
        let waiter = state.withLock { state in
            state.expired.insert(ticket)
            return state.waiters.removeValue(forKey: ticket)
        }
        waiter?.resume()
    }
}
