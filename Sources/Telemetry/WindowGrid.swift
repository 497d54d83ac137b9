/// What an edge does with values that are missing in a window.
public enum MissingValuePolicy: String, Sendable, CaseIterable {
    /// The window is refused.
    case refuse
    /// The channel's last value stands in; where there is none within a window's length, the window is refused.
    case hold
    /// The channel's mean stands in.
    case mean
}

/// The grid that a task's windows stand on: sample `k` lies at `k / rate` seconds since 1970, windows start at
/// multiples of `step`.
public struct WindowGrid: Sendable, Equatable {
    public var channels: [String]
    /// Samples per second.
    public var rate: Double
    /// Samples in a window.
    public var window: Int
    /// Samples between the starts of consecutive windows.
    public var step: Int
    public var missing: MissingValuePolicy

    /// - Precondition: channels are there and unique; `rate` > 0; 1 ≤ `step` ≤ `window`.
    public init(channels: [String], rate: Double, window: Int, step: Int, missing: MissingValuePolicy = .refuse) {
        precondition(!channels.isEmpty && Set(channels).count == channels.count, "channels are unique")
        precondition(rate > 0 && step >= 1 && step <= window, "a window is at least a step long")
        self.channels = channels
        self.rate = rate
        self.window = window
        self.step = step
        self.missing = missing
    }

    /// Seconds between samples.
    public var interval: Double { 1 / rate }

    /// Unix seconds of a sample.
    public func time(_ index: Int64) -> Double { Double(index) / rate }

    /// The first window start at or after a sample.
    func start(atOrAfter index: Int64) -> Int64 {
        let step = Int64(step)
        let remainder = ((index % step) + step) % step
        return remainder == 0 ? index : index + step - remainder
    }
}

/// A complete window of one device.
public struct SampleWindow: Sendable, Equatable {
    /// Number of its first sample since 1970 on the task's grid.
    public var start: Int64
    /// Unix seconds of the start, inclusive, and of the end, exclusive.
    public var from: Double
    public var to: Double
    /// (samples × channels), row-major in the task's order of channels, raw units; all finite.
    public var values: [Float]
    /// Channels in which a value was filled in, in the task's order.
    public var filledChannels: [String]

    public func id(device: String) -> WindowID { WindowID(device: device, start: from) }
}
