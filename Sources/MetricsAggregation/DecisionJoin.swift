import Telemetry

/// Brings decisions, truths, labels and verdicts on one window together, and counts each window once per model.
///
/// Every count is a function of what is held: a message takes its record's old contribution back and adds the new one,
/// so duplicates, disorder, corrections and withdrawals leave the counts that order would have given. Records leave
/// by age or number; their contribution stays (they are sealed).
struct DecisionJoin: Sendable {
    struct IntervalKey: Sendable, Hashable {
        var device: Int32
        var basis: Basis
    }

    struct RecordKey: Sendable, Hashable {
        var series: Int
        var start: Int64
    }

    struct IntervalName: Sendable, Hashable {
        var key: IntervalKey
        var id: String
    }

    let limits: JoinLimits
    var names = NameTable()
    var series: [DecisionSeries] = []
    var seriesIndices: [DecisionSeries.Key: Int] = [:]
    var seriesOfDevice: [Int32: [Int]] = [:]
    var intervals: [IntervalKey: IntervalTable] = [:]
    /// Scores of all windows, and the part of them whose records are gone.
    var live: [VersionKey: VersionTally] = [:]
    var sealed: [VersionKey: VersionTally] = [:]
    /// Labels that a model can give, by its task, none for a regression; a model without a task takes whatever is said.
    private var labels: [Int32: Set<Int32>] = [:]
    var units: [Int32: String] = [:]
    /// Records in order of arrival.
    var arrivals: [RecordKey] = []
    private var oldest = 0

    /// What must be stored next.
    var pending = PendingChanges()
    /// What must be published anew.
    var changedVersions: Set<VersionKey> = []
    var changedSeries: Set<Int> = []

    init(limits: JoinLimits = JoinLimits()) { self.limits = limits }

    /// Records held.
    var recordCount: Int { arrivals.count - oldest }

    // MARK: Messages

    /// Counts a decision.
    ///
    /// - Throws: ``JoinRefusal`` `window`, `range`, `limit`; nothing is changed then.
    mutating func take(
        _ message: InferenceMessage, device: DeviceID, model: String, now: Double
    ) throws(JoinRefusal) -> JoinOutcome {
        let window = try window(message.window, device, message.from, message.to)
        let (answer, confidence) = try answer(message, model)
        let edge = try name(message.edge)
        let index = try seriesIndex(device, model)
        let key = VersionKey(model: series[index].key.model, version: Int32(message.version))
        guard live[key] != nil || live.count < limits.versions else {
            throw JoinRefusal(code: "limit", reason: "more than \(limits.versions) versions of models are decided by")
        }
        let (position, isFound) = series[index].position(of: window.start)
        if !isFound {
            if series[index].sealedRanges.contains(window.start) { return .late }
            insert(
                DecisionRecord(start: window.start, from: window.from, to: window.to, arrival: now), index, position)
        }
        let known = series[index].records[position]
        let outcome: JoinOutcome
        if message.revision == Int(known.revision) {
            guard known.edge != edge else { return .duplicate }
            guard message.edge < names[known.edge] else { return .conflict }
            outcome = .conflict
        } else if message.revision < Int(known.revision) {
            // The edge's own decision after the cloud's: disorder, and what a student is scored by.
            guard known.student == .none, message.decidedBy == .edge else { return .duplicate }
            outcome = .replaced
        } else {
            outcome = known.isDecided ? .replaced : .counted
        }
        change(index, position) { record in
            if message.revision >= Int(record.revision) {
                record.final = answer
                record.finalConfidence = confidence
                record.revision = Int32(message.revision)
                record.isByCloud = message.decidedBy == .cloud
                record.edge = edge
            }
            if message.decidedBy == .edge {
                record.student = answer
                record.studentConfidence = confidence
                record.latency = Float(message.latencyMicroseconds)
            }
            if message.decidedBy == .edge || record.student == .none { record.version = key.version }
        }
        return outcome
    }

    /// Takes a teacher's verdict on a window, before or after the decision.
    ///
    /// - Throws: ``JoinRefusal`` `window`, `range`, `limit`.
    mutating func take(
        _ message: VerdictMessage, device: DeviceID, model: String, now: Double
    ) throws(JoinRefusal) -> JoinOutcome {
        let window = try window(message.window, device, message.from, message.to)
        let verdict: Answer =
            switch message.content {
            case .probabilities(_, let label): .label(try name(label))
            case .value(let value): .value(try plausible(value))
            case .heads: throw Self.unsplit
            }
        let index = try seriesIndex(device, model)
        let (position, isFound) = series[index].position(of: window.start)
        if !isFound {
            if series[index].sealedRanges.contains(window.start) { return .late }
            insert(
                DecisionRecord(start: window.start, from: window.from, to: window.to, arrival: now), index, position)
        }
        let known = series[index].records[position].verdict
        guard known != verdict else { return .duplicate }
        change(index, position) { $0.verdict = verdict }
        return known == .none ? .counted : .replaced
    }

    /// Takes a truth or a label, a correction (same id) or a withdrawal, and scores the windows it touches again.
    ///
    /// - Throws: ``JoinRefusal`` `range`, `limit`.
    mutating func take(
        _ message: LabelMessage, basis: Basis, device: DeviceID
    ) throws(JoinRefusal) -> JoinOutcome {
        let answer: Answer =
            switch message.content {
            case .label(let label): .label(try name(label))
            case .value(let value): .value(try plausible(value))
            case .heads: throw Self.unsplit
            case .withdrawn: .none
            }
        let number = try name(device.description)
        let key = IntervalKey(device: number, basis: basis)
        guard intervals[key] != nil || intervals.count < 2 * limits.series else {
            throw JoinRefusal(code: "limit", reason: "more than \(limits.series) devices have labels")
        }
        let isKnown = intervals[key]?.interval(message.id) != nil
        let change = intervals[key, default: IntervalTable(capacity: limits.intervals)].set(
            id: message.id, t: message.t, from: Self.microseconds(message.from), to: Self.microseconds(message.to),
            answer: answer)
        guard let change else { return .late }
        pending.intervals.insert(IntervalName(key: key, id: message.id))
        for id in change.evicted {
            pending.evictedIntervals.insert(IntervalName(key: key, id: id))
            pending.intervals.remove(IntervalName(key: key, id: id))
        }
        guard !change.affected.isEmpty else { return .duplicate }
        for range in change.affected {
            for index in seriesOfDevice[number] ?? [] { score(index, basis, within: range) }
        }
        return isKnown ? .replaced : .counted
    }

    /// Heads are split before they come here.
    static let unsplit = JoinRefusal(code: "form", reason: "heads: each head is counted by itself")

    /// Says which labels a model can give, none for a regression: others, meant for another task on the device, do not
    /// score it.
    mutating func setLabels(_ names: [String], model: String) {
        let numbers = names.compactMap { self.names.index($0) }
        guard let model = self.names.index(model), labels[model] != Set(numbers) else { return }
        labels[model] = Set(numbers)
        for index in series.indices where series[index].key.model == model {
            for basis in Basis.allCases { score(index, basis, within: Int64.min / 2..<Int64.max / 2) }
        }
    }

    // MARK: Records

    private mutating func insert(_ record: DecisionRecord, _ index: Int, _ position: Int) {
        var record = record
        let key = series[index].key
        for basis in Basis.allCases {
            if let table = intervals[IntervalKey(device: key.device, basis: basis)] {
                record.setOutcome(basis, outcome(of: table, for: record, model: key.model))
            }
        }
        record.isDirty = true
        pending.records.append(RecordKey(series: index, start: record.start))
        series[index].records.insert(record, at: position)
        arrivals.append(RecordKey(series: index, start: record.start))
    }

    private func outcome(of table: IntervalTable, for record: DecisionRecord, model: Int32) -> Answer {
        let allowed = labels[model]
        return table.outcome(from: record.from, to: record.to) { answer in
            switch answer {
            case .label(let label): allowed?.contains(label) ?? true
            case .value: allowed?.isEmpty ?? true
            case .none, .mixed: true
            }
        }
    }

    private mutating func change(_ index: Int, _ position: Int, _ body: (inout DecisionRecord) -> Void) {
        var record = series[index].records[position]
        apply(record, index, -1)
        body(&record)
        apply(record, index, 1)
        if !record.isDirty {
            record.isDirty = true
            pending.records.append(RecordKey(series: index, start: record.start))
        }
        series[index].records[position] = record
        series[index].note(record)
    }

    mutating func apply(_ record: DecisionRecord, _ index: Int, _ amount: Int) {
        guard record.isDecided else { return }
        let key = VersionKey(model: series[index].key.model, version: record.version)
        live[key, default: VersionTally()].apply(record, amount)
        series[index].live.apply(record, amount)
        changedVersions.insert(key)
        changedSeries.insert(index)
    }

    private mutating func score(_ index: Int, _ basis: Basis, within range: Range<Int64>) {
        let key = series[index].key
        guard let table = intervals[IntervalKey(device: key.device, basis: basis)] else { return }
        let first = series[index].firstPosition(atOrAfter: (range.lowerBound - series[index].longest) / 1000 - 1)
        for position in first..<series[index].records.count {
            let record = series[index].records[position]
            if record.from >= range.upperBound { break }
            let outcome = outcome(of: table, for: record, model: key.model)
            if record.outcome(basis) != outcome {
                change(index, position) { $0.setOutcome(basis, outcome) }
            }
        }
    }

    /// Seals what is too old or too many. Call it every second or so.
    mutating func seal(now: Double) {
        var last = oldest
        if recordCount > limits.records { last = arrivals.count - limits.records + limits.records / 16 }
        while last < arrivals.count, isExpired(arrivals[last], now) { last += 1 }
        guard last > oldest else { return }
        var leaving: [Int: Set<Int64>] = [:]
        for key in arrivals[oldest..<last] { leaving[key.series, default: []].insert(key.start) }
        for (index, starts) in leaving {
            for record in series[index].records where starts.contains(record.start) { seal(record, index) }
            series[index].records.removeAll { starts.contains($0.start) }
            pending.series.insert(index)
        }
        oldest = last
        if oldest > arrivals.count / 2 {
            arrivals.removeFirst(oldest)
            oldest = 0
        }
    }

    private func isExpired(_ key: RecordKey, _ now: Double) -> Bool {
        let (position, isFound) = series[key.series].position(of: key.start)
        return isFound && series[key.series].records[position].arrival < now - limits.seconds
    }

    private mutating func seal(_ record: DecisionRecord, _ index: Int) {
        pending.sealedRecords.append(RecordKey(series: index, start: record.start))
        guard record.isDecided else { return }
        let key = VersionKey(model: series[index].key.model, version: record.version)
        sealed[key, default: VersionTally()].apply(record, 1)
        series[index].sealed.apply(record, 1)
        series[index].sealedRanges.insert(record.start, length: (record.to - record.from) / 1000)
        pending.tallies.insert(key)
    }
}
