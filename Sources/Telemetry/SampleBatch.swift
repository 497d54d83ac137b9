/// Consecutive samples of one device, with a time.
public struct SampleBatch: Sendable {
    /// Unix seconds of the first sample, in device time.
    public var t: Double
    /// Whether `t` is when the message came, because the publisher gave no time.
    public var timeIsArrival: Bool
    /// Seconds between samples; nothing where the publisher did not say: then the task's.
    public var interval: Double?
    public var sequence: Int?
    public var channels: [String]
    /// (rows × channels), row-major; NaN where a value is missing.
    public var values: [Float]

    public init(
        t: Double, timeIsArrival: Bool = false, interval: Double? = nil, sequence: Int? = nil, channels: [String],
        values: [Float]
    ) {
        precondition(!channels.isEmpty && values.count % channels.count == 0, "values are rows of the channels")
        self.t = t
        self.timeIsArrival = timeIsArrival
        self.interval = interval
        self.sequence = sequence
        self.channels = channels
        self.values = values
    }

    /// Samples in the batch.
    public var rows: Int { values.count / channels.count }
}
