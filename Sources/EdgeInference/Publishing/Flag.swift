import Synchronization

/// A truth value shared between tasks.
final class Flag: Sendable {
    private let state = Atomic(false)

    var value: Bool {
        get { state.load(ordering: .acquiring) }
        set { state.store(newValue, ordering: .releasing) }
    }
}
