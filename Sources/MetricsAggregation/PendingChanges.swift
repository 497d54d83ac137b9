/// What has changed in a join since it was last stored.
struct PendingChanges: Sendable {
    var records: [DecisionJoin.RecordKey] = []
    var sealedRecords: [DecisionJoin.RecordKey] = []
    var intervals: Set<DecisionJoin.IntervalName> = []
    var evictedIntervals: Set<DecisionJoin.IntervalName> = []
    /// Sealed counts.
    var tallies: Set<VersionKey> = []
    /// Series that are new, or have sealed records.
    var series: Set<Int> = []
    /// Names already stored.
    var storedNames = 0
}
