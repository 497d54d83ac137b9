/// Counts of anything that decides, in all or within an interval of time. A difference of counts is one, too.
struct Tally: Sendable, Equatable {
    var decisions = 0
    var byCloud = 0
    /// Device time of all windows, microseconds: an extent only grows.
    var from = Int64.max
    var to = Int64.min
    var latency = LatencyHistogram()
    var verdicts = 0
    var agreements = 0
    var truth = BasisTally()
    var label = BasisTally()
    /// Inferences that the joules are of: an edge's own count.
    var metered = 0.0
    /// By cause.
    var joules: [String: JouleCount] = [:]
    /// Moved, by cause.
    var bytes: [String: Int] = [:]

    subscript(basis: Basis) -> BasisTally {
        get { basis == .truth ? truth : label }
        set { if basis == .truth { truth = newValue } else { label = newValue } }
    }

    /// Adds (1) or takes back (−1) what a record says.
    mutating func apply(_ record: DecisionRecord, _ amount: Int) {
        guard record.isDecided else { return }
        decisions += amount
        if record.isByCloud { byCloud += amount }
        from = min(from, record.from)
        to = max(to, record.to)
        if record.student.isScorable {
            latency.add(microseconds: record.latency, amount)
            if record.verdict.isScorable {
                verdicts += amount
                if record.verdict == record.student { agreements += amount }
            }
        }
        truth.apply(record, outcome: record.truth, amount)
        label.apply(record, outcome: record.label, amount)
    }

    mutating func add(_ other: Tally) {
        decisions += other.decisions
        byCloud += other.byCloud
        from = min(from, other.from)
        to = max(to, other.to)
        latency.add(other.latency)
        verdicts += other.verdicts
        agreements += other.agreements
        truth.add(other.truth)
        label.add(other.label)
        addUse(of: other)
    }

    /// Adds the joules and bytes alone.
    mutating func addUse(of other: Tally) {
        metered += other.metered
        for (cause, count) in other.joules { joules[cause, default: JouleCount()].add(count) }
        for (cause, count) in other.bytes { bytes[cause, default: 0] += count }
    }
}
