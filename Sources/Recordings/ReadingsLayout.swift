import Telemetry

/// Which columns of CSV readings are what. Columns that are named nowhere are channels.
public struct ReadingsLayout: Sendable, Equatable {
    /// How numbers in the time column count.
    public enum TimeUnit: String, Sendable, CaseIterable {
        case seconds = "s"
        case milliseconds = "ms"
        case microseconds = "us"
        case nanoseconds = "ns"

        /// Ticks in a second.
        var perSecond: Double {
            switch self {
            case .seconds: 1
            case .milliseconds: 1e3
            case .microseconds: 1e6
            case .nanoseconds: 1e9
            }
        }
    }

    /// Columns to learn; looked for in the conditions first, where there are any.
    public var labels: [String]
    /// Column that tells people, machines or sessions apart.
    public var group: String?
    /// Column whose change begins another recording, and by which conditions are joined.
    public var key: String?
    /// Time column; one of ``timeNames`` if `nil`.
    public var time: String?
    /// By the name's ending or the size of the numbers if `nil`.
    public var timeUnit: TimeUnit?
    /// Samples per second; found from the times if `nil`.
    public var rate: Double?
    /// Columns to leave out.
    public var ignored: [String]
    /// Labels whose rows are left out.
    public var ignoredLabels: [String]

    public init(
        labels: [String], group: String? = nil, key: String? = nil, time: String? = nil, timeUnit: TimeUnit? = nil,
        rate: Double? = nil, ignored: [String] = [], ignoredLabels: [String] = []
    ) {
        self.labels = labels
        self.group = group
        self.key = key
        self.time = time
        self.timeUnit = timeUnit
        self.rate = rate
        self.ignored = ignored
        self.ignoredLabels = ignoredLabels
    }

    /// Names under which a time column is found, in any case, also with a unit behind: `time_ms`.
    public static let timeNames = ["t", "time", "timestamp", "datetime", "date_time"]

    /// Column numbers of a file.
    struct Columns {
        var time: Int?
        var unit: TimeUnit?
        var group: Int?
        var key: Int?
        /// Of each label; nothing for one that stands in the conditions.
        var labels: [Int?]
        var channels: [Int]
    }

    /// Finds the columns of a file.
    ///
    /// - Parameter joined: labels that the conditions bring.
    /// - Throws: ``RecordingError`` that names the columns there are.
    func columns(of names: [String], file: String, joined: Set<String>) throws(RecordingError) -> Columns {
        func fault(_ message: String) -> RecordingError { RecordingError(.header, message, file: file, line: 1) }
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            throw fault("the column \"\(name)\" stands twice")
        }
        func find(_ name: String?, _ role: String) throws(RecordingError) -> Int? {
            guard let name else { return nil }
            guard let index = names.firstIndex(of: name) else {
                throw fault(
                    "there is no column \"\(name)\" for \(role); there are: \(names.joined(separator: ", "))")
            }
            return index
        }
        var labelColumns: [Int?] = []
        for label in labels { labelColumns.append(joined.contains(label) ? nil : try find(label, "the label")) }
        var columns = Columns(
            time: try find(time, "the time"), unit: timeUnit, group: try find(group, "the group"),
            key: try find(key, "the key"), labels: labelColumns, channels: [])
        if columns.time == nil { columns.time = names.firstIndex { Self.isTime($0) } }
        if columns.unit == nil, let time = columns.time { columns.unit = Self.unit(of: names[time]) }
        for name in ignored { _ = try find(name, "--ignore") }
        let taken = Set(
            [columns.time, columns.group, columns.key].compactMap(\.self) + columns.labels.compactMap(\.self))
        columns.channels = names.indices.filter { !taken.contains($0) && !ignored.contains(names[$0]) }
        guard (1...TelemetryMessage.maximumChannels).contains(columns.channels.count) else {
            throw fault("\(columns.channels.count) columns are left as channels; 1 to 256 are needed")
        }
        for index in columns.channels where names[index].isEmpty || names[index].utf8.count > 128 {
            throw fault("column \(index + 1) has no name of at most 128 bytes; leave it out with --ignore")
        }
        return columns
    }

    private static func isTime(_ name: String) -> Bool {
        let name = name.lowercased()
        return timeNames.contains(name) || (unit(of: name) != nil && timeNames.contains(stem(of: name)))
    }

    private static func stem(of name: String) -> String {
        name.lastIndex(of: "_").map { String(name[..<$0]) } ?? name
    }

    private static func unit(of name: String) -> TimeUnit? {
        name.lastIndex(of: "_").flatMap { TimeUnit(rawValue: name[name.index(after: $0)...].lowercased()) }
    }
}
