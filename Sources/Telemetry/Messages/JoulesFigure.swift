public import JSON

/// Joules for one of something, with its bounds, how the figure came about and what it includes.
public struct JoulesFigure: Sendable, Equatable {
    public var value: Double
    public var low: Double
    public var high: Double
    public var method: EnergyMessage.Method
    /// The causes that were added up: `compute`, `radio.uploads`, ...
    public var includes: [String]
    /// The part of `value` that is computation.
    public var compute: Double?

    /// - Precondition: the figures are finite.
    public init(
        value: Double, low: Double, high: Double, method: EnergyMessage.Method, includes: [String],
        compute: Double? = nil
    ) {
        precondition(value.isFinite && low.isFinite && high.isFinite, "joules and their bounds are finite")
        precondition(compute?.isFinite ?? true, "joules of computation are finite")
        self.value = value
        self.low = low
        self.high = high
        self.method = method
        self.includes = includes
        self.compute = compute
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        value = try reader.number("value")
        low = try reader.optionalNumber("low") ?? value
        high = try reader.optionalNumber("high") ?? value
        method = try reader.word("method")
        includes = try reader.strings("includes")
        compute = try reader.optionalNumber("compute")
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "value": JSONValue(value, places: 12), "low": JSONValue(low, places: 12),
            "high": JSONValue(high, places: 12), "method": .string(method.rawValue),
            "includes": .array(includes.map(JSONValue.string)),
        ]
        object["compute"] = compute.map { JSONValue($0, places: 12) }
        return .object(object)
    }
}
