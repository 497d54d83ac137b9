/// Events a second over the last ten seconds of wall time.
struct RateMeter: Sendable {
    static let seconds = 10
    private var counts = [Int](repeating: 0, count: Self.seconds + 1)
    private var current = 0

    init() {}

    private mutating func advance(_ second: Int) {
        guard second > current else { return }
        for passed in max(current + 1, second - Self.seconds)...second { counts[passed % counts.count] = 0 }
        current = second
    }

    mutating func count(now: Double) {
        advance(Int(now))
        counts[current % counts.count] += 1
    }

    /// The second under way does not count yet.
    mutating func perSecond(now: Double) -> Double {
        advance(Int(now))
        let whole = counts.reduce(0, +) - counts[current % counts.count]
        return Double(whole) / Double(Self.seconds)
    }
}
