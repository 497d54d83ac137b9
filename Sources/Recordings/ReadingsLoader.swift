import Telemetry

/// Reads CSV files into one table.
public struct ReadingsLoader {
    private let layout: ReadingsLayout
    private let conditions: ConditionsTable?
    private var table = ReadingsTable()
    private var times: [Double] = []
    private var groupIndices: [String: Int32] = [:]
    private var labelIndices: [[String: Int32]]
    /// Of each file, with its path.
    private var rates: [(rate: Double, path: String)] = []
    /// Rows at which a gap in time may not be looked for: another file, group or key.
    private var breaks: Set<Int> = []

    private init(_ layout: ReadingsLayout, _ conditions: ConditionsTable?) {
        self.layout = layout
        self.conditions = conditions
        table.labels = layout.labels.map { ReadingsTable.Label(name: $0) }
        labelIndices = layout.labels.map { _ in [:] }
        table.isGrouped = layout.group != nil || conditions != nil
    }

    /// Reads files and folders of files.
    ///
    /// - Throws: ``RecordingError`` for the first fault, with file and line.
    public static func load(
        _ paths: [String], layout: ReadingsLayout, conditions: ConditionsTable? = nil
    ) throws(RecordingError) -> ReadingsTable {
        var loader = ReadingsLoader(layout, conditions)
        for path in try files(paths) { try loader.read(path) }
        guard loader.table.count > 0 else {
            throw RecordingError(.empty, "there is no row behind the header", file: paths.joined(separator: ", "))
        }
        try loader.findRate()
        loader.findStretches()
        return loader.table
    }

    private static func files(_ paths: [String]) throws(RecordingError) -> [String] {
        var files: [String] = []
        for path in paths {
            files += RecordingFile.isFolder(path) ? try RecordingFolder(path: path).entries.map(\.path) : [path]
        }
        for (index, file) in files.enumerated() where files[..<index].contains(file) {
            throw RecordingError(.mixed, "the file is named twice", file: file)
        }
        return files
    }

    private mutating func read(_ path: String) throws(RecordingError) {
        var reader = try CSVReader(path: path)
        let joined = Set(conditions?.columns ?? [])
        let columns = try layout.columns(of: reader.columns, file: path, joined: joined)
        let channels = columns.channels.map { reader.columns[$0] }
        if table.fileNames.isEmpty {
            table.channels = channels
            table.isTimed = columns.time != nil || layout.rate != nil
        }
        let order = try order(of: channels, path)
        let file = Int32(table.fileNames.count)
        table.fileNames.append(Self.stem(of: path))
        let first = table.count
        var before: (group: Int32, key: String?, t: Double)?
        var intervals: [Double] = []
        while try reader.next() {
            let key = try columns.key.map { (column) throws(RecordingError) in try reader.text(column) }
            guard try appendLabels(reader, columns, key) else {
                table.ignoredRows += 1
                continue
            }
            let group = try group(reader, columns, key)
            let t = try columns.time.map { (column) throws(RecordingError) in
                try Self.time(reader, column, columns.unit)
            }
            if let last = before, last.group == group, last.key == key {
                if let t {
                    guard t > last.t else { throw Self.disorder(reader, t, last.t, layout) }
                    if intervals.count < 1001 { intervals.append(t - last.t) }
                }
            } else {
                breaks.insert(table.count)
            }
            before = (group, key, t ?? 0)
            times.append(t ?? 0)
            table.groups.append(group)
            table.files.append(file)
            for column in order { table.values.append(try Self.value(reader, columns.channels[column])) }
        }
        if table.count > first, columns.time != nil, layout.rate == nil, !intervals.isEmpty {
            rates.append((RecordingInspector.rate(intervals.sorted()[intervals.count / 2]), path))
        }
    }

    /// Positions of the table's channels amongst a file's.
    private func order(of channels: [String], _ path: String) throws(RecordingError) -> [Int] {
        var order: [Int] = []
        for name in table.channels {
            guard let index = channels.firstIndex(of: name) else {
                throw RecordingError(
                    .mixed,
                    "there is no column \"\(name)\", which \(table.fileNames[0]) has; there are: "
                        + channels.joined(separator: ", "), file: path, line: 1)
            }
            order.append(index)
        }
        for name in channels where !table.channels.contains(name) {
            throw RecordingError(
                .mixed, "the column \"\(name)\" is not in \(table.fileNames[0]); leave it out with --ignore \(name)",
                file: path, line: 1)
        }
        return order
    }

    private static func value(_ reader: borrowing CSVReader, _ column: Int) throws(RecordingError) -> Float {
        do throws(RecordingError) { return try reader.number(column) } catch {
            throw RecordingError(
                error.code, error.message + "; a column of text is left out with --ignore \(reader.columns[column])",
                file: error.file, line: error.line)
        }
    }

    private static func time(
        _ reader: borrowing CSVReader, _ column: Int, _ unit: ReadingsLayout.TimeUnit?
    ) throws(RecordingError) -> Double {
        let field = reader.field(column)
        if let number = DecimalNumber.parse(field) { return number / (unit ?? .likely(for: number)).perSecond }
        if let time = Timestamp.parse(iso8601: String(decoding: field, as: UTF8.self)) { return time }
        throw reader.fault(
            .field,
            "\"\(String(decoding: field.prefix(40), as: UTF8.self))\" in \(reader.columns[column]) is no time: "
                + "a number or ISO 8601 is needed")
    }

    private static func disorder(
        _ reader: borrowing CSVReader, _ t: Double, _ last: Double, _ layout: ReadingsLayout
    ) -> RecordingError {
        let advice =
            layout.group == nil && layout.key == nil
            ? "if several recordings stand in the file, name the column that tells them apart with --group or --key"
            : "rows of one recording must be sorted by time"
        return reader.fault(.order, "the time \(t) is not after \(last): \(advice)")
    }

    // MARK: Labels and groups

    /// Notes the row's labels; `false` where the row is left out.
    private mutating func appendLabels(
        _ reader: borrowing CSVReader, _ columns: ReadingsLayout.Columns, _ key: String?
    ) throws(RecordingError) -> Bool {
        var texts: [String] = []
        for (label, column) in zip(layout.labels, columns.labels) {
            if let column {
                texts.append(try reader.text(column))
            } else if let conditions, let key {
                guard let field = conditions.field(label, key: key) else {
                    throw reader.fault(.field, "the key \"\(key)\" does not stand in \(conditions.path)")
                }
                texts.append(field)
            }
        }
        if texts.contains(where: layout.ignoredLabels.contains) { return false }
        for (index, text) in texts.enumerated() {
            guard !text.isEmpty else {
                table.labels[index].rows.append(-1)
                continue
            }
            let known = labelIndices[index][text]
            let number = known ?? Int32(table.labels[index].values.count)
            if known == nil {
                labelIndices[index][text] = number
                table.labels[index].values.append(text)
            }
            table.labels[index].rows.append(number)
        }
        return true
    }

    private mutating func group(
        _ reader: borrowing CSVReader, _ columns: ReadingsLayout.Columns, _ key: String?
    ) throws(RecordingError) -> Int32 {
        let name: String
        if let column = columns.group {
            name = try reader.text(column)
            guard !name.isEmpty else { throw reader.fault(.field, "the group in \(reader.columns[column]) is empty") }
        } else if let key, let block = conditions?.block(of: key) {
            name = "block \(block + 1)"
        } else {
            name = table.fileNames[table.fileNames.count - 1]
        }
        if let known = groupIndices[name] { return known }
        let number = Int32(table.groupNames.count)
        groupIndices[name] = number
        table.groupNames.append(name)
        return number
    }

    // MARK: Rate

    private mutating func findRate() throws(RecordingError) {
        if let rate = layout.rate {
            table.rate = rate
        } else if let first = rates.first {
            for other in rates where abs(other.rate / first.rate - 1) > 0.02 {
                throw RecordingError(
                    .mixed,
                    "its rate of \(other.rate) samples a second is not that of \(first.path): \(first.rate); "
                        + "bring them to one rate first", file: other.path)
            }
            table.rate = first.rate
        } else {
            table.isTimed = false
        }
    }

    private mutating func findStretches() {
        let longest = 1.5 / table.rate
        let hasTimes = layout.rate == nil && table.isTimed
        for row in 0..<table.count {
            if breaks.contains(row) {
                table.stretches.append(row)
            } else if hasTimes, times[row] - times[row - 1] > longest {
                table.stretches.append(row)
                table.gaps += 1
            }
        }
    }

    private static func stem(of path: String) -> String {
        var name = String(path.split(separator: "/").last ?? "")
        for suffix in [".zst", ".csv", ".tsv", ".txt"] where name.hasSuffix(suffix) && name != suffix {
            name.removeLast(suffix.count)
        }
        return name
    }
}

extension ReadingsLayout.TimeUnit {
    /// The unit in which a number is a date of our time; seconds for small ones.
    static func likely(for number: Double) -> Self {
        switch abs(number) {
        case ..<1e11: .seconds
        case ..<1e14: .milliseconds
        case ..<1e17: .microseconds
        default: .nanoseconds
        }
    }
}
