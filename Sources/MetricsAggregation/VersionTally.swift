/// A version of a model, by the numbers of the name table.
struct VersionKey: Sendable, Hashable {
    var model: Int32
    var version: Int32
}

/// Scores of one version of a model.
struct VersionTally: Sendable, Equatable {
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
}

/// Counts of one model on one device, all versions together.
struct DeviceTally: Sendable, Equatable {
    var windows = 0
    var scored = [0, 0]
    var correct = [0, 0]
    /// Regression alone.
    var errors = [ErrorSum(), ErrorSum()]

    /// Adds (1) or takes back (−1) what a record says.
    mutating func apply(_ record: DecisionRecord, _ amount: Int) {
        guard record.isDecided else { return }
        windows += amount
        guard record.student.isScorable else { return }
        for basis in Basis.allCases {
            let outcome = record.outcome(basis)
            guard outcome.isScorable else { continue }
            scored[basis.rawValue] += amount
            switch (outcome, record.student) {
            case (.value(let truth), .value(let decided)):
                errors[basis.rawValue].add(decided, truth: truth, amount)
            case _ where outcome == record.student: correct[basis.rawValue] += amount
            default: break
            }
        }
    }
}
