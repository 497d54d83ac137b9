/// Truths, or labels, of one device: what covers a window, with corrections and withdrawals by id.
struct IntervalTable: Sendable {
    struct Interval: Sendable, Equatable {
        var id: String
        /// When it was said; the latest word on an id counts. Unix seconds.
        var t: Double
        /// Microseconds since 1970, end exclusive.
        var from: Int64
        var to: Int64
        /// Nothing: withdrawn. It stays as a marker, so that a copy on its way cannot bring it back.
        var answer: Answer
        /// Order of arrival: the oldest goes first when the table is full.
        var sequence: Int
    }

    /// Sorted by start.
    private(set) var intervals: [Interval] = []
    private var starts: [String: Int64] = [:]
    /// Longest interval ever held, microseconds: bounds how far back a search must look.
    private var longest: Int64 = 0
    private var sequence = 0
    let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// What a new word on an id changed.
    struct Change: Sendable, Equatable {
        /// Windows that overlap these must be looked at again.
        var affected: [Range<Int64>]
        /// Ids that had to make room.
        var evicted: [String]
    }

    /// Takes an interval, a correction or a withdrawal; nothing where a later word is known already.
    mutating func set(id: String, t: Double, from: Int64, to: Int64, answer: Answer) -> Change? {
        var affected: [Range<Int64>] = []
        if let position = position(of: id) {
            let known = intervals[position]
            guard t >= known.t else { return nil }
            if known.from == from, known.to == to, known.answer == answer {
                intervals[position].t = t
                return Change(affected: [], evicted: [])
            }
            if known.answer != .none { affected.append(known.from..<known.to) }
            intervals.remove(at: position)
        }
        if answer != .none { affected.append(from..<to) }
        insert(Interval(id: id, t: t, from: from, to: to, answer: answer, sequence: sequence))
        return Change(affected: affected, evicted: evict())
    }

    /// Puts back what was stored.
    mutating func insert(_ interval: Interval) {
        sequence = max(sequence, interval.sequence) + 1
        longest = max(longest, interval.to - interval.from)
        intervals.insert(interval, at: firstPosition(atOrAfter: interval.from))
        starts[interval.id] = interval.from
    }

    func interval(_ id: String) -> Interval? { position(of: id).map { intervals[$0] } }

    /// What is said of a window: the latest word among those that cover it wholly; among values, which change within a
    /// window, among those that hold at its end.
    func outcome(from: Int64, to: Int64, accepts: (Answer) -> Bool) -> Answer {
        var best: Interval?
        var touches = false
        var position = firstPosition(atOrAfter: from - longest)
        while position < intervals.count, intervals[position].from < to {
            let interval = intervals[position]
            position += 1
            guard interval.to > from, interval.answer != .none, accepts(interval.answer) else { continue }
            touches = true
            guard interval.from <= from || interval.answer.isValue, to <= interval.to else { continue }
            if let known = best, (known.t, known.sequence) > (interval.t, interval.sequence) { continue }
            best = interval
        }
        return best?.answer ?? (touches ? .mixed : .none)
    }

    private func firstPosition(atOrAfter start: Int64) -> Int {
        var low = 0
        var high = intervals.count
        // Intervals come in order: most searches end here.
        if let last = intervals.last, last.from < start { return high }
        while low < high {
            let middle = (low + high) / 2
            if intervals[middle].from < start { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func position(of id: String) -> Int? {
        guard let start = starts[id] else { return nil }
        var position = firstPosition(atOrAfter: start)
        while position < intervals.count, intervals[position].from == start {
            if intervals[position].id == id { return position }
            position += 1
        }
        return nil
    }

    private mutating func evict() -> [String] {
        guard intervals.count > capacity else { return [] }
        let excess = max(1, capacity / 16)
        let threshold = intervals.map(\.sequence).sorted()[min(excess, intervals.count) - 1]
        let evicted = intervals.filter { $0.sequence <= threshold }.map(\.id)
        intervals.removeAll { $0.sequence <= threshold }
        for id in evicted { starts[id] = nil }
        return evicted
    }
}
