/// One model's windows on one device.
struct DecisionSeries: Sendable {
    struct Key: Sendable, Hashable {
        /// `site/device` and model, by the numbers of the name table.
        var device: Int32
        var model: Int32
    }

    /// By the numbers of the tally book.
    struct Subjects: Sendable, Equatable {
        var device: Int32
        var site: Int32
        var fleet: Int32
        /// Number of the site's name.
        var siteName: Int32
    }

    /// The newest decision by device time.
    struct Last: Sendable, Equatable {
        /// End of its window, microseconds.
        var to: Int64
        var version: Int32
        /// Name of the edge.
        var edge: Int32
        var answer: Answer
        var confidence: Float
    }

    let key: Key
    /// Whose counts its decisions belong to, besides the version's and the edge's.
    let subjects: Subjects
    /// Those that are held in memory, sorted by start.
    var records: [DecisionRecord] = []
    /// Windows whose records are on disk alone.
    var sealedRanges = SealedRanges()
    /// Longest window seen, microseconds.
    var longest: Int64 = 0
    var last: Last?

    init(key: Key, subjects: Subjects) {
        self.key = key
        self.subjects = subjects
    }

    /// Where a record with this start stands or would stand.
    func position(of start: Int64) -> (position: Int, isFound: Bool) {
        guard let newest = records.last else { return (0, false) }
        if start > newest.start { return (records.count, false) }
        let position = firstPosition(atOrAfter: start)
        return (position, records[position].start == start)
    }

    func firstPosition(atOrAfter start: Int64) -> Int {
        var low = 0
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].start < start { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func note(_ record: DecisionRecord) {
        longest = max(longest, record.to - record.from)
        guard record.isDecided, record.to >= last?.to ?? .min else { return }
        last = Last(
            to: record.to, version: record.version, edge: record.edge, answer: record.final,
            confidence: record.finalConfidence)
    }
}
