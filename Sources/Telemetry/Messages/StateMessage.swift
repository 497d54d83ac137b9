public import JSON

/// A device's last decision, retained; sent when it changes.
public struct StateMessage: MessagePayload {
    public var t: Double
    /// Classification: the label and its confidence.
    public var label: String?
    public var superclass: String?
    public var confidence: Double?
    /// Regression: the value and its unit.
    public var value: Double?
    public var unit: String?
    /// Several heads: the decision of each.
    public var heads: [HeadDecision]?
    public var version: Int

    public init(
        t: Double, label: String? = nil, superclass: String? = nil, confidence: Double? = nil, value: Double? = nil,
        unit: String? = nil, heads: [HeadDecision]? = nil, version: Int
    ) {
        self.t = t
        self.label = label
        self.superclass = superclass
        self.confidence = confidence
        self.value = value
        self.unit = unit
        self.heads = heads
        self.version = version
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        label = try reader.optionalString("label")
        superclass = try reader.optionalString("superclass")
        confidence = try reader.optionalNumber("confidence")
        value = try reader.optionalNumber("value")
        unit = try reader.optionalString("unit")
        if reader.object["heads"] != nil {
            heads = try reader.heads { (head, reader) throws(JSONError) in try HeadDecision(head: head, reader: reader)
            }
        }
        version = try reader.positive("version")
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t)]
        object["label"] = label.map(JSONValue.string)
        object["superclass"] = superclass.map(JSONValue.string)
        object["confidence"] = confidence.map { JSONValue($0, places: 4) }
        object["value"] = value.map { JSONValue($0, places: 6) }
        object["unit"] = unit.map(JSONValue.string)
        object["heads"] = heads.map(JSONValue.heads)
        object["version"] = .count(version)
        return .object(object)
    }
}
