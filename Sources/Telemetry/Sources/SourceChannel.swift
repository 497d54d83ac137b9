/// When a channel speaks.
public enum ChannelTiming: Sendable, Equatable {
    /// At a steady rate, in samples per second.
    case periodic(rate: Double)
    /// Only when it changes; silence up to this many seconds means that nothing has changed.
    case onChange(longestSilence: Double)
}

/// One channel of a source: where its value stands and what it means.
public struct SourceChannel: Sendable, Equatable {
    public var name: String
    /// Where the value stands: a path in JSON, a record's name in SenML, the channel's key for bare values.
    public var path: String
    /// The publisher's unit.
    public var unit: String?
    public var timing: ChannelTiming
    /// Whether an array is read as consecutive samples.
    public var isSeries: Bool
    /// Numbers that texts stand for.
    public var values: [String: Double]
    /// `value * scale + offset`, before any change of unit.
    public var scale: Double
    public var offset: Double
    /// Of `path`, for JSON.
    var steps: ValuePath?
}

/// A value that says something of the device itself.
struct SupplyField: Sendable, Equatable {
    let path: String
    let steps: ValuePath?
    let conversion: UnitConversion
}
