import JSON

/// What one head of several says of a window.
public struct HeadDecision: Sendable, Equatable {
    /// The head's name in the task.
    public var head: String
    public var label: String
    public var superclass: String?
    /// Probability of the label.
    public var confidence: Double

    public init(head: String, label: String, superclass: String? = nil, confidence: Double) {
        self.head = head
        self.label = label
        self.superclass = superclass
        self.confidence = confidence
    }

    /// The member of `heads` named `head`.
    init(head: String, reader: JSONObjectReader) throws(JSONError) {
        self.head = head
        label = try reader.string("label")
        superclass = try reader.optionalString("superclass")
        confidence = try reader.number("confidence")
    }

    var json: JSONValue {
        var object: JSONObject = ["label": .string(label)]
        object["superclass"] = superclass.map(JSONValue.string)
        object["confidence"] = JSONValue(confidence, places: 4)
        return .object(object)
    }
}

extension JSONObjectReader {
    /// The members of `heads`, in their order.
    ///
    /// - Throws: where there are none, or more than a task may have.
    func heads<Value>(_ read: (String, JSONObjectReader) throws(JSONError) -> Value) throws(JSONError) -> [Value] {
        let heads = try object("heads")
        guard (1...64).contains(heads.object.count) else {
            throw JSONError(.wrongType, "heads: 1 to 64 are needed, not \(heads.object.count)")
        }
        var values: [Value] = []
        for name in heads.object.keys { values.append(try read(name, try heads.object(name))) }
        return values
    }
}

extension JSONValue {
    /// An object with a member for each head.
    static func heads(_ heads: [HeadDecision]) -> JSONValue {
        var object = JSONObject()
        for head in heads { object[head.head] = head.json }
        return .object(object)
    }
}
