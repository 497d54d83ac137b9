/// What a ``ChannelJoiner`` has seen, cumulative.
public struct JoinStatistics: Sendable, Equatable {
    public var readings = 0
    /// Samples given out.
    public var rows = 0
    /// Runs of the grid for which no channel had a value.
    public var gaps = 0
    /// Values that were not there in samples given out, by channel in the task's order; the cutter treats them as the
    /// task's missing-channel policy says.
    public var missing: [Int]
    /// Readings of channels that the task does not have.
    public var foreign = 0
    /// Readings whose unit does not convert to the task's.
    public var unconvertible = 0
    /// The same channel, time and value again.
    public var duplicates = 0
    /// The same channel and time with another value; the first one stands.
    public var conflicts = 0
    /// Readings that came after a later one of their channel, but in time.
    public var reordered = 0
    /// Readings that came after the samples they belong to.
    public var late = 0
    /// Readings far from the others in time that no further message confirmed.
    public var outliers = 0
    /// Jumps of the device's clock that further messages confirmed.
    public var jumps = 0
    /// Readings without a time of the device's.
    public var arrivalTimed = 0
    /// Readings given up because too many waited.
    public var overflow = 0

    init(channels: Int) { missing = [Int](repeating: 0, count: channels) }

    /// The counters by name, for `status/`.
    public var counters: [(name: String, count: Int)] {
        [
            ("readings", readings), ("joinedRows", rows), ("joinGaps", gaps), ("joinMissing", missing.reduce(0, +)),
            ("foreign", foreign), ("unconvertible", unconvertible), ("joinDuplicates", duplicates),
            ("joinConflicts", conflicts), ("joinReordered", reordered), ("joinLate", late), ("joinOutliers", outliers),
            ("joinJumps", jumps), ("joinArrivalTimed", arrivalTimed), ("joinOverflow", overflow),
        ]
    }
}
