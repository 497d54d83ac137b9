public import JSON

/// The teacher's answer to an uploaded window.
public struct VerdictMessage: MessagePayload {
    public enum Content: Sendable, Equatable {
        /// Probabilities in the order of the task's classes, and the likeliest label.
        case probabilities([Float], label: String)
        case value(Double)
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
        } else {
            let probabilities = try reader.numbers("probabilities").map(Float.init)
            guard probabilities.allSatisfy({ $0 >= 0 && $0 <= 1.001 }) else {
                throw JSONError(.wrongType, "probabilities: each is between 0 and 1")
            }
            content = .probabilities(probabilities, label: try reader.string("label"))
        }
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "window": .string(window), "from": .time(from), "to": .time(to),
            "teacher": .string(teacher),
        ]
        switch content {
        case .probabilities(let probabilities, let label):
            object["label"] = .string(label)
            object["probabilities"] = .array(probabilities.map { JSONValue(Double($0), places: 5) })
        case .value(let value): object["value"] = JSONValue(exactly: value)
        }
        return .object(object)
    }
}
