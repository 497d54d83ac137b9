/// Starts of windows that were emitted, by timeline, so that a name is not given twice after a clock went back.
struct EmittedRanges: Sendable {
    private static let limit = 8

    private var earlier: [ClosedRange<Int64>] = []
    private var current: ClosedRange<Int64>?

    /// Begins a new timeline.
    mutating func begin() {
        guard let range = current else { return }
        earlier.append(range)
        if earlier.count > Self.limit { earlier.removeFirst() }
        current = nil
    }

    mutating func insert(_ start: Int64) { current = (current?.lowerBound ?? start)...start }

    /// Whether an earlier timeline emitted a window there, or around it.
    func contains(_ start: Int64) -> Bool { earlier.contains { $0.contains(start) } }
}
