import Synchronization

/// Runs a closure once everything that was expected has arrived, and all is said that was to be expected.
final class Countdown: Sendable {
    private let missing = Mutex(1)
    private let done: @Sendable () -> Void

    init(_ done: @escaping @Sendable () -> Void) {
        self.done = done
    }

    func expect() { missing.withLock { $0 += 1 } }

    func arrived() {
        let last = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if last { done() }
    }

    /// Nothing more will be expected.
    func ready() { arrived() }
}
