/// Readings of one or many CSV files with their labels and groups, in memory.
public struct ReadingsTable: Sendable, Equatable {
    /// One thing to learn.
    public struct Label: Sendable, Equatable {
        public var name: String
        /// Different values, in the order in which they first appear.
        public var values: [String] = []
        /// For each row an index into ``values``, or -1.
        public var rows: [Int32] = []
    }

    public internal(set) var channels: [String] = []
    /// Samples per second; 1 where the rows have no times and no rate was given.
    public internal(set) var rate = 1.0
    /// Whether rows follow one another at ``rate``.
    public internal(set) var isTimed = false
    /// (rows × channels), NaN where a value is missing.
    public internal(set) var values: [Float] = []
    public internal(set) var labels: [Label] = []
    /// Names of people, machines or blocks; the files' where there is no group.
    public internal(set) var groupNames: [String] = []
    /// Whether ``groupNames`` are more than the files' names.
    public internal(set) var isGrouped = false
    /// For each row an index into ``groupNames``.
    public internal(set) var groups: [Int32] = []
    /// Files without folder and extension.
    public internal(set) var fileNames: [String] = []
    public internal(set) var files: [Int32] = []
    /// First row of each stretch of rows that follow one another without a gap; in one file, group and key.
    public internal(set) var stretches: [Int] = []
    /// Gaps in the times.
    public internal(set) var gaps = 0
    /// Rows left out for their label.
    public internal(set) var ignoredRows = 0

    public var count: Int { groups.count }

    init() {}

    /// Rows that belong together.
    public func stretch(_ index: Int) -> Range<Int> {
        stretches[index]..<(index + 1 < stretches.count ? stretches[index + 1] : count)
    }
}
