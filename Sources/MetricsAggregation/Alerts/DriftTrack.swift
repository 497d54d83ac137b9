import Telemetry

/// Whether an edge's student has become less sure than it used to be, from the counters of its status.
///
/// The measure needs no labels: the share of windows whose calibrated confidence lies below the student's threshold, in
/// the last windows against all those before, since this version began to run. It is blind to drift that leaves the student
/// sure of itself, and to drift slower than what came before is long.
struct DriftTrack: Sendable {
    struct Count: Sendable, Equatable {
        var windows: Int
        var uncertain: Int
    }

    /// What is compared.
    struct Finding: Sendable, Equatable {
        /// Of the last windows.
        var recent: ScoreInterval
        /// Of those before.
        var before: ScoreInterval?
    }

    /// Counts remembered; the last windows are told apart by them.
    private static let capacity = 64

    private var run = ""
    private var counts: [Count] = []

    init() {}

    /// - Parameters:
    ///   - run: session and version; counters begin anew with either.
    ///   - windows: how many are looked at, and must have come before.
    /// - Returns: nothing while too few windows have come.
    mutating func take(_ count: Count, run: String, windows: Int) -> Finding? {
        guard count.uncertain >= 0, count.windows >= count.uncertain else { return nil }
        if run != self.run || count.windows < counts.last?.windows ?? 0 {
            self.run = run
            // Every run begins at 0; a run first seen late has no last windows yet, only what came before them.
            counts = count.windows <= windows ? [Count(windows: 0, uncertain: 0)] : []
        }
        if counts.isEmpty || count.windows - (counts.last?.windows ?? 0) >= max(1, windows / 16) {
            counts.append(count)
        }
        if counts.count > Self.capacity { counts.removeFirst() }
        guard let start = counts.last(where: { count.windows - $0.windows >= windows }),
            let recent = ScoreInterval(
                successes: count.uncertain - start.uncertain, trials: count.windows - start.windows)
        else { return nil }
        return Finding(
            recent: recent,
            before: start.windows >= windows
                ? ScoreInterval(successes: start.uncertain, trials: start.windows) : nil)
    }
}
