import Telemetry

/// Brings decisions, truths, labels and verdicts on one window together, and counts each window once per model.
///
/// Every count is a function of what was said: a message takes its record's old contribution back and adds the new one,
/// so duplicates, disorder, corrections and withdrawals leave the counts that order would have given. Records that are
/// too many for the memory are left to the disk, and recalled where something late is about them.
struct DecisionJoin: Sendable {
    struct IntervalKey: Sendable, Hashable {
        var device: Int32
        var basis: Basis
    }

    private struct EdgePair: Sendable, Hashable {
        var site: Int32
        var edge: Int32
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
    var book: TallyBook
    /// Versions that decided, and the names of edges `site/edge` by the numbers of both parts.
    var versions: Set<VersionKey> = []
    private var edgeNames: [EdgePair: Int32] = [:]
    /// Labels that a model can give, by its task, none for a regression; a model without a task takes whatever is said.
    private var labels: [Int32: Set<Int32>] = [:]
    var units: [Int32: String] = [:]
    /// Records in order of arrival.
    var arrivals: [RecordKey] = []
    private var oldest = 0

    /// What must be stored next.
    var pending = PendingChanges()
    /// What waits for records that are on disk alone.
    var recalls: [Recall] = []

    init(limits: JoinLimits = JoinLimits()) {
        self.limits = limits
        book = TallyBook(capacity: 4 * limits.series)
    }

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
        try admit(key, edge, index)
        let (position, isFound) = series[index].position(of: window.start)
        if !isFound {
            if series[index].sealedRanges.contains(window.start) {
                // The edge's own word on a window that was counted is a copy.
                guard message.revision > 0 else { return .late }
                return recall(.decision(message, device, model: model), index, window.start)
            }
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
        let minute = minute(message.t, now: now)
        change(index, position) { record in
            if !record.isDecided { record.minute = minute }
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
            if series[index].sealedRanges.contains(window.start) {
                return recall(.verdict(message, device, model: model), index, window.start)
            }
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
            for index in seriesOfDevice[number] ?? [] {
                score(index, basis, within: range)
                recall(index, basis, range)
            }
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

    private mutating func apply(_ record: DecisionRecord, _ index: Int, _ amount: Int) {
        guard record.isDecided else { return }
        let key = series[index].key
        let subjects = series[index].subjects
        book.apply(record, to: subjects.device, amount)
        book.apply(record, to: subjects.site, amount)
        book.apply(record, to: subjects.fleet, amount)
        let version = VersionKey(model: key.model, version: record.version)
        if let number = book.known(version.subject) { book.apply(record, to: number, amount) }
        if let name = edgeNames[EdgePair(site: subjects.siteName, edge: record.edge)],
            let number = book.known(Subject(kind: .edge, name: name, model: key.model))
        {
            book.apply(record, to: number, amount)
        }
    }

    /// Makes sure that a decision of this version by this edge can be counted.
    private mutating func admit(_ key: VersionKey, _ edge: Int32, _ index: Int) throws(JoinRefusal) {
        if !versions.contains(key) {
            guard versions.count < limits.versions, book.number(key.subject) != nil else {
                throw JoinRefusal(
                    code: "limit", reason: "more than \(limits.versions) versions of models are decided by")
            }
            versions.insert(key)
        }
        let pair = EdgePair(site: series[index].subjects.siteName, edge: edge)
        let name: Int32
        if let known = edgeNames[pair] {
            name = known
        } else {
            name = try self.name("\(names[pair.site])/\(names[edge])")
            edgeNames[pair] = name
        }
        guard book.number(Subject(kind: .edge, name: name, model: key.model)) != nil else { throw tooManySubjects }
    }

    /// Puts the name of an edge back, `site/edge`.
    mutating func restoreEdge(named name: Int32) {
        let parts = names[name].split(separator: "/").map(String.init)
        guard parts.count == 2, let site = names.known(parts[0]), let edge = names.known(parts[1]) else { return }
        edgeNames[EdgePair(site: site, edge: edge)] = name
    }

    var tooManySubjects: JoinRefusal {
        JoinRefusal(
            code: "limit", reason: "more than \(book.capacity) devices, edges, sites and versions are counted")
    }

    /// The minute that a decision counts at: its own time where that is believable, else now.
    private func minute(_ t: Double, now: Double) -> Int32 {
        let isBelievable = t >= now - limits.past && t <= now + limits.future
        return Int32(max(0, min(Double(Int32.max), ((isBelievable ? t : now) / 60).rounded(.down))))
    }

    mutating func score(_ index: Int, _ basis: Basis, within range: Range<Int64>) {
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

    /// Leaves to the disk what is too old or too many, as far as it is stored there. Call it after each store.
    ///
    /// - Parameter isForced: also what is not stored, which then stays in the counts alone: while the disk refuses writes.
    mutating func seal(now: Double, isForced: Bool = false) {
        var last = oldest
        let excess = recordCount > limits.records ? recordCount - limits.records + limits.records / 16 : 0
        while last < arrivals.count, last - oldest < excess || isExpired(arrivals[last], now),
            isForced || !isDirty(arrivals[last])
        { last += 1 }
        guard last > oldest else { return }
        var leaving: [Int: Set<Int64>] = [:]
        for key in arrivals[oldest..<last] { leaving[key.series, default: []].insert(key.start) }
        for (index, starts) in leaving {
            for record in series[index].records where starts.contains(record.start) && record.isDecided {
                series[index].sealedRanges.insert(record.start, length: (record.to - record.from) / 1000)
            }
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

    private func isDirty(_ key: RecordKey) -> Bool {
        let (position, isFound) = series[key.series].position(of: key.start)
        return isFound && series[key.series].records[position].isDirty
    }
}
