public import JSON

/// Something that somebody should look at, retained on `alert/{kind}/…` while it stands.
///
/// When it no longer does, a message that is not retained says `resolved`, and the retained one is taken back.
public struct AlertMessage: MessagePayload {
    public enum State: String, Sendable, CaseIterable { case raised, resolved }

    public var t: Double
    public var state: State
    /// When it was raised.
    public var since: Double
    /// What was compared with the threshold when it was raised: seconds offline, the upper bound of an accuracy, ...
    public var value: Double?
    /// What a value beyond raises the alert.
    public var threshold: Double?
    /// Of both: `s`, `%`, or nothing where they are shares.
    public var unit: String?
    /// What is wrong and what to do, for people.
    public var message: String

    public init(
        t: Double, state: State, since: Double, value: Double? = nil, threshold: Double? = nil, unit: String? = nil,
        message: String
    ) {
        self.t = t
        self.state = state
        self.since = since
        self.value = value
        self.threshold = threshold
        self.unit = unit
        self.message = message
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        state = try reader.word("state")
        since = try reader.time("since")
        value = try reader.optionalNumber("value")
        threshold = try reader.optionalNumber("threshold")
        unit = try reader.optionalString("unit")
        message = try reader.string("message")
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "state": .string(state.rawValue), "since": .time(since)]
        object["value"] = value.map { JSONValue($0, places: 4) }
        object["threshold"] = threshold.map { JSONValue($0, places: 4) }
        object["unit"] = unit.map(JSONValue.string)
        object["message"] = .string(message)
        return .object(object)
    }
}
