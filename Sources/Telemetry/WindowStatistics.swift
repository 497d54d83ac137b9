/// What a ``WindowCutter`` has seen, cumulative.
public struct WindowStatistics: Sendable, Equatable {
    public var batches = 0
    public var samples = 0
    public var windows = 0
    /// Windows with something in them that were not emitted, for what was missing.
    public var refused = 0
    /// Emitted windows in which values were filled in.
    public var filled = 0
    /// Windows not emitted because one of that name was emitted before the device's clock went back.
    public var repeated = 0
    /// Runs of samples that were not there when a later one came.
    public var gaps = 0
    /// Samples that never came.
    public var missingSamples = 0
    /// Samples that came after a later one, but in time.
    public var reordered = 0
    /// Values that were null in samples that were there.
    public var missingValues = 0
    /// Samples that came after their windows had been decided.
    public var late = 0
    public var duplicates = 0
    /// Times at which samples contradicted what stood at the same time: a clock set back, or two publishers.
    public var conflicts = 0
    /// Second samples of one slot of the grid, left out.
    public var crowded = 0
    /// Times at which the device's clock had drifted over half a sample from the grid, so that one was skipped or left out.
    public var slips = 0
    /// Jumps of the device's clock, forward or back, that later samples confirmed.
    public var jumps = 0
    /// Samples far ahead that no later sample confirmed.
    public var outliers = 0
    /// Samples without a time of the device's.
    public var arrivalTimed = 0

    /// Why the last refused window was refused, for people.
    public var lastRefusal: String?

    public init() {}

    /// The counters by name, for `status/`.
    public var counters: [(name: String, count: Int)] {
        [
            ("batches", batches), ("samples", samples), ("windows", windows), ("refused", refused), ("filled", filled),
            ("repeated", repeated), ("gaps", gaps), ("missingSamples", missingSamples),
            ("reordered", reordered), ("missingValues", missingValues), ("late", late), ("duplicates", duplicates),
            ("conflicts", conflicts),
            ("crowded", crowded), ("slips", slips), ("jumps", jumps), ("outliers", outliers),
            ("arrivalTimed", arrivalTimed),
        ]
    }
}

/// Why a batch cannot go into a task's windows.
public struct WindowError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case channels, rate, time }
        let kind: Kind
        /// None of the task's channels is there.
        public static let channels = Code(kind: .channels)
        /// The samples' interval is not the task's.
        public static let rate = Code(kind: .rate)
        /// A time that no clock tells.
        public static let time = Code(kind: .time)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String

    public var description: String { message }
}
