public import JSON

/// A payload that could not be used, and why.
public struct RejectMessage: MessagePayload {
    public var t: Double
    /// Where the payload stood.
    public var topic: String
    /// A short word that programs count by: `malformed`, `channels`, `oversize`, `digest`, ...
    public var code: String
    /// What is wrong and what to do, for people.
    public var reason: String
    /// Payloads refused since the process started, this one included.
    public var count: Int

    public init(t: Double, topic: String, code: String, reason: String, count: Int) {
        self.t = t
        self.topic = topic
        self.code = code
        self.reason = reason
        self.count = count
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        topic = try reader.string("topic")
        code = try reader.string("code")
        reason = try reader.string("reason")
        count = try reader.integer("count")
    }

    public var json: JSONValue {
        .object([
            "t": .time(t), "topic": .string(topic), "code": .string(code), "reason": .string(reason),
            "count": .count(count),
        ])
    }
}
