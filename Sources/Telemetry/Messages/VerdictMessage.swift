public import JSON

/// The teacher's answer to an uploaded window.
public struct VerdictMessage: MessagePayload {
    public enum Content: Sendable, Equatable {
        /// Probabilities in the order of the task's classes, and the likeliest label.
        case probabilities([Float], label: String)
        case value(Double)
        /// One answer for each head of the task.
        case heads([Head])
    }

    /// Probabilities of one head's classes in their order, and the likeliest label.
    public struct Head: Sendable, Equatable {
        public var head: String
        public var label: String
        public var probabilities: [Float]
        public init(head: String, label: String, probabilities: [Float]) {
            self.head = head
            self.label = label
            self.probabilities = probabilities
        }
    }

    public var t: Double
    /// ``WindowID/description``.
    public var window: String
    public var from: Double
    public var to: Double
    /// Names the teacher: digest or version chosen by whoever answers.
    public var teacher: String
    public var content: Content

    public init(t: Double, window: String, from: Double, to: Double, teacher: String, content: Content) {
        self.t = t
        self.window = window
        self.from = from
        self.to = to
        self.teacher = teacher
        self.content = content
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        window = try reader.string("window")
        from = try reader.time("from")
        to = try reader.time("to")
        teacher = try reader.string("teacher")
        if let value = try reader.optionalNumber("value") {
            content = .value(value)
        } else if reader.object["heads"] != nil {
            content = .heads(
                try reader.heads { (head, reader) throws(JSONError) in
                    Head(
                        head: head, label: try reader.string("label"), probabilities: try Self.probabilities(reader))
                })
        } else {
            content = .probabilities(try Self.probabilities(reader), label: try reader.string("label"))
        }
    }

    private static func probabilities(_ reader: JSONObjectReader) throws(JSONError) -> [Float] {
        let probabilities = try reader.numbers("probabilities").map(Float.init)
        guard probabilities.allSatisfy({ $0 >= 0 && $0 <= 1.001 }) else {
            throw JSONError(.wrongType, "probabilities: each is between 0 and 1")
        }
        return probabilities
    }

    private static func json(_ label: String, _ probabilities: [Float]) -> JSONObject {
        [
            "label": .string(label),
            "probabilities": .array(probabilities.map { JSONValue(Double($0), places: 5) }),
        ]
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "window": .string(window), "from": .time(from), "to": .time(to),
            "teacher": .string(teacher),
        ]
        switch content {
        case .probabilities(let probabilities, let label):
            for (key, value) in Self.json(label, probabilities) { object[key] = value }
        case .heads(let heads):
            var members = JSONObject()
            for head in heads { members[head.head] = .object(Self.json(head.label, head.probabilities)) }
            object["heads"] = .object(members)
        case .value(let value): object["value"] = JSONValue(exactly: value)
        }
        return .object(object)
    }
}
