/// The newest samples of a device on a task's grid; NaN stands where a value is missing.
struct SampleRing: Sendable {
    enum Outcome { case written, nothing, duplicate, conflict }

    let capacity: Int
    private let channels: Int
    private let mask: Int64
    /// (capacity × channels), row of sample k at k mod capacity.
    private var cells: [Float]
    /// Values missing in each row.
    private var missing: [UInt16]
    /// First sample since the timeline began.
    private var first: Int64 = 0
    /// Last sample seen; `first - 1` before any.
    private(set) var newest: Int64 = -1

    /// - Parameter rows: samples that must be held at least.
    init(rows: Int, channels: Int) {
        var capacity = 1
        while capacity < rows { capacity *= 2 }
        self.capacity = capacity
        self.channels = channels
        mask = Int64(capacity - 1)
        cells = [Float](repeating: .nan, count: capacity * channels)
        missing = [UInt16](repeating: UInt16(channels), count: capacity)
    }

    /// The oldest sample that is still held, were it there.
    var oldest: Int64 { max(first, newest - Int64(capacity) + 1) }

    private func slot(_ index: Int64) -> Int { Int(index & mask) }

    mutating func restart(at index: Int64) {
        first = index
        newest = index - 1
        for at in cells.indices { cells[at] = .nan }
        for at in missing.indices { missing[at] = UInt16(channels) }
    }

    /// Makes room up to a later sample; those between are missing.
    mutating func advance(to index: Int64) {
        let count = min(index - newest, Int64(capacity))
        for at in (index - count + 1)...index {
            let row = slot(at)
            missing[row] = UInt16(channels)
            for cell in row * channels..<(row + 1) * channels { cells[cell] = .nan }
        }
        newest = index
    }

    func isEmpty(at index: Int64) -> Bool { missing[slot(index)] == UInt16(channels) }

    func isMissing(_ channel: Int, at index: Int64) -> Bool {
        index < oldest || cells[slot(index) * channels + channel].isNaN
    }

    /// Writes a row's values where none stand yet.
    mutating func write(_ batch: SampleBatch, _ row: Int, _ columns: [Int], at index: Int64) -> Outcome {
        let target = slot(index)
        let source = row * columns.count
        var outcome = Outcome.nothing
        for (place, column) in columns.enumerated() where column >= 0 {
            let value = batch.values[source + place]
            if value.isNaN { continue }
            let cell = target * channels + column
            if cells[cell].isNaN {
                cells[cell] = value
                missing[target] -= 1
                outcome = .written
            } else if cells[cell] == value {
                if outcome == .nothing { outcome = .duplicate }
            } else {
                return .conflict
            }
        }
        return outcome
    }

    func isComplete(from start: Int64, rows: Int) -> Bool {
        for index in start..<start + Int64(rows) where missing[slot(index)] != 0 { return false }
        return true
    }

    /// Samples of which no value is there.
    func emptyRows(from start: Int64, rows: Int) -> Int {
        (start..<start + Int64(rows)).count { isEmpty(at: $0) }
    }

    /// (rows × channels), row-major.
    func values(from start: Int64, rows: Int) -> [Float] {
        let begin = slot(start)
        let head = min(rows, capacity - begin)
        var values: [Float] = []
        values.reserveCapacity(rows * channels)
        values.append(contentsOf: cells[begin * channels..<(begin + head) * channels])
        values.append(contentsOf: cells[0..<(rows - head) * channels])
        return values
    }

    /// A channel's newest value before a sample, at most `rows` back.
    func lastValue(of channel: Int, before index: Int64, within rows: Int) -> Float? {
        var at = index - 1
        while at >= max(oldest, index - Int64(rows)) {
            let value = cells[slot(at) * channels + channel]
            if !value.isNaN { return value }
            at -= 1
        }
        return nil
    }
}
