import JSON

/// A share between 0 and 1 with the bounds it was estimated within (95 %, Wilson).
public struct ScoreInterval: Sendable, Equatable {
    public var value: Double
    public var low: Double
    public var high: Double

    /// - Precondition: all three are finite.
    public init(value: Double, low: Double, high: Double) {
        precondition(value.isFinite && low.isFinite && high.isFinite, "a score and its bounds are finite")
        self.value = value
        self.low = low
        self.high = high
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        value = try reader.share("value")
        low = try reader.share("low")
        high = try reader.share("high")
    }

    var json: JSONValue {
        .object([
            "value": JSONValue(value, places: 4), "low": JSONValue(low, places: 4), "high": JSONValue(high, places: 4),
        ])
    }
}

extension JSONObjectReader {
    /// A number between 0 and 1.
    func share(_ key: String) throws(JSONError) -> Double {
        let value = try number(key)
        guard value >= 0, value <= 1 else {
            throw JSONError(.wrongType, "\(key): must be between 0 and 1, not \(value)")
        }
        return value
    }

    func optionalShare(_ key: String) throws(JSONError) -> Double? {
        object[key] == nil ? nil : try share(key)
    }

    /// An integer that is not below 0.
    func tally(_ key: String) throws(JSONError) -> Int {
        let value = try integer(key)
        guard value >= 0 else { throw JSONError(.wrongType, "\(key): must not be below 0, as \(value) is") }
        return value
    }

    func interval(_ key: String) throws(JSONError) -> ScoreInterval? {
        guard let reader = try optionalObject(key) else { return nil }
        return try ScoreInterval(reader: reader)
    }

    func joules(_ key: String) throws(JSONError) -> JoulesFigure? {
        guard let reader = try optionalObject(key) else { return nil }
        return try JoulesFigure(reader: reader)
    }

    /// The members of an object that is a dictionary; empty where it is absent.
    func entries<Value>(
        _ key: String, _ read: (JSONObjectReader, String) throws(JSONError) -> Value
    ) throws(JSONError) -> [String: Value] {
        guard let reader = try optionalObject(key) else { return [:] }
        var entries: [String: Value] = [:]
        for name in reader.object.keys { entries[name] = try read(reader, name) }
        return entries
    }
}

extension JSONValue {
    /// A dictionary as an object with its keys in order.
    static func entries<Value>(_ entries: [String: Value], _ json: (Value) -> JSONValue) -> JSONValue {
        var object = JSONObject()
        for (key, value) in entries.sorted(by: { $0.key < $1.key }) { object[key] = json(value) }
        return .object(object)
    }
}
