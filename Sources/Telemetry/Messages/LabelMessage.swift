public import JSON

/// Ground truth for an interval: on `label/` for everyone, on `truth/` for scoring alone.
public struct LabelMessage: MessagePayload {
    /// What is said of the interval.
    public enum Content: Sendable, Equatable {
        case label(String)
        /// Regression.
        case value(Double)
        /// Several heads: the class of each head that is known.
        case heads([String: String])
        /// The label with this id is taken back.
        case withdrawn
    }

    /// When it was said, Unix seconds.
    public var t: Double
    /// Names the label, so that it can be corrected or withdrawn.
    public var id: String
    /// Start of the interval, inclusive, Unix seconds of the device.
    public var from: Double
    /// End of the interval, exclusive.
    public var to: Double
    public var content: Content

    public init(t: Double, id: String, from: Double, to: Double, content: Content) {
        self.t = t
        self.id = id
        self.from = from
        self.to = to
        self.content = content
    }

    /// Whether a window lies wholly inside.
    public func covers(from: Double, to: Double) -> Bool { self.from <= from + 1e-6 && to <= self.to + 1e-6 }

    /// Whether a window and the interval share any time.
    public func overlaps(from: Double, to: Double) -> Bool { self.from < to - 1e-6 && from < self.to - 1e-6 }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        id = try reader.string("id")
        guard !id.isEmpty && id.utf8.count <= 256 else { throw JSONError(.wrongType, "id: 1 to 256 bytes are needed") }
        from = try reader.time("from")
        to = try reader.time("to")
        guard from < to else { throw JSONError(.wrongType, "to: the interval ends at or before its start") }
        if let value = try reader.optionalNumber("value") {
            content = .value(value)
        } else if reader.object["heads"] != nil {
            let heads = try reader.entries("heads") { (heads, head) throws(JSONError) in try heads.string(head) }
            guard (1...64).contains(heads.count) else {
                throw JSONError(.wrongType, "heads: 1 to 64 are needed, not \(heads.count)")
            }
            content = .heads(heads)
        } else if reader.object["label"] == .null {
            content = .withdrawn
        } else {
            content = .label(try reader.string("label"))
        }
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "id": .string(id), "from": .time(from), "to": .time(to)]
        switch content {
        case .label(let label): object["label"] = .string(label)
        case .value(let value): object["value"] = JSONValue(exactly: value)
        case .heads(let heads): object["heads"] = .entries(heads, JSONValue.string)
        case .withdrawn: object["label"] = .null
        }
        return .object(object)
    }
}
