/// Windows cut from readings, each within one stretch of equal labels.
public struct CutWindows: Sendable, Equatable {
    /// Samples in a window.
    public let samples: Int
    /// Samples between the starts of consecutive windows.
    public let step: Int
    public let channels: Int
    /// (windows × samples × channels), raw units, all finite.
    public private(set) var values: [Float] = []
    /// First row of each window in the table it was cut from.
    public private(set) var starts: [Int] = []
    /// For each label column the windows' values, as indices into the table's, or -1.
    public private(set) var labels: [[Int]]
    /// Indices into the table's groups and files.
    public private(set) var groups: [Int] = []
    public private(set) var files: [Int] = []
    /// Windows left out because a value is missing, by channel (each of a window's channels counts).
    public private(set) var missing: [Int]
    /// Windows left out because a value is missing.
    public private(set) var incomplete = 0
    /// Stretches of rows too short for a window.
    public private(set) var short = 0

    public var count: Int { starts.count }

    /// - Parameters:
    ///   - splitsAtLabels: windows stand within one label; else (numbers) the label of the last row counts.
    /// - Precondition: 1 ≤ `step`, 1 ≤ `samples`.
    public init(_ table: ReadingsTable, samples: Int, step: Int, splitsAtLabels: Bool = true) {
        precondition(samples >= 1 && step >= 1, "a window has samples, and windows move on")
        self.samples = samples
        self.step = step
        channels = table.channels.count
        labels = table.labels.map { _ in [] }
        missing = [Int](repeating: 0, count: table.channels.count)
        for index in table.stretches.indices {
            let stretch = table.stretch(index)
            var start = stretch.lowerBound
            for row in stretch
            where row + 1 == stretch.upperBound || (splitsAtLabels && table.changesLabel(at: row + 1)) {
                cut(table, start..<row + 1)
                start = row + 1
            }
        }
    }

    private mutating func cut(_ table: ReadingsTable, _ rows: Range<Int>) {
        if rows.count < samples { short += 1 }
        var start = rows.lowerBound
        while start + samples <= rows.upperBound {
            append(table, start)
            start += step
        }
    }

    private mutating func append(_ table: ReadingsTable, _ start: Int) {
        let slice = table.values[start * channels..<(start + samples) * channels]
        guard slice.allSatisfy({ !$0.isNaN }) else {
            incomplete += 1
            for channel in 0..<channels
            where stride(from: slice.startIndex + channel, to: slice.endIndex, by: channels).contains(where: {
                slice[$0].isNaN
            }) { missing[channel] += 1 }
            return
        }
        values += slice
        starts.append(start)
        let last = start + samples - 1
        for index in labels.indices { labels[index].append(Int(table.labels[index].rows[last])) }
        groups.append(Int(table.groups[start]))
        files.append(Int(table.files[start]))
    }
}

extension ReadingsTable {
    /// Whether a row has another label than the one before it.
    func changesLabel(at row: Int) -> Bool { labels.contains { $0.rows[row] != $0.rows[row - 1] } }
}
