/// How long to wait between attempts to reach a broker.
public struct ReconnectPolicy: Sendable, Equatable {
    /// After the first failure.
    public var first: Duration
    /// After many.
    public var longest: Duration

    public init(first: Duration = .milliseconds(200), longest: Duration = .seconds(5)) {
        self.first = first
        self.longest = longest
    }

    /// The pause after so many failures in a row: doubled each time, and spread, so that a fleet does not return at once.
    ///
    /// - Parameters:
    ///   - failures: 1 or more.
    ///   - spread: from 0 (half the pause) to 1 (all of it).
    func pause(after failures: Int, spread: Double) -> Duration {
        let doublings = min(max(failures - 1, 0), 16)
        return min(first * (1 << doublings), longest) * (0.5 + spread / 2)
    }
}
