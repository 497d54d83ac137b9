/// What has changed in a join since it was last stored.
struct PendingChanges: Sendable {
    var records: [DecisionJoin.RecordKey] = []
    var intervals: Set<DecisionJoin.IntervalName> = []
    var evictedIntervals: Set<DecisionJoin.IntervalName> = []
    /// Series that are new, or have records left to the disk.
    var series: Set<Int> = []
    /// Names already stored.
    var storedNames = 0
}
