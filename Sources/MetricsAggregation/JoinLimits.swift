/// What the join holds at most, and what it believes.
struct JoinLimits: Sendable {
    /// Records of windows in memory; the oldest to arrive are left to the disk first.
    var records = 100_000
    /// Records of windows on disk; the oldest to arrive stay in the counts alone.
    var storedRecords = 2_000_000
    /// Seconds after its arrival that a record can still change.
    var seconds = 7 * 86_400.0
    /// Verdicts and decisions that wait for their record to be read from the disk, and labels that wait for theirs.
    var recalls = 4096
    /// Seconds that a decision's time may lie before now or after it, to be counted at that minute.
    var past = 30 * 86_400.0
    var future = 120.0
    /// Truths, and as many labels, of a device.
    var intervals = 4096
    /// Pairs of device and model.
    var series = 20_000
    /// Versions of all models.
    var versions = 4096
    /// Length of a window, seconds.
    var window = 86_400.0
    /// Magnitude of a value: squares of these still add up.
    var value = 1e12
}

/// Why a message cannot be counted, with the code for `reject/`.
struct JoinRefusal: Error, Sendable, Equatable {
    let code: String
    let reason: String
}

/// What became of a message that could be read.
enum JoinOutcome: String, Sendable {
    /// A new window, interval or verdict.
    case counted
    /// A later word on a known one.
    case replaced
    /// Known already; changes nothing.
    case duplicate
    /// Its window's record is gone.
    case late
    /// Its window's record must be read from the disk first.
    case recalled
    /// A second edge decided on the window; the lower name counts.
    case conflict
}
