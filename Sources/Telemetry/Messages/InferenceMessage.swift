public import JSON

/// A decision on one window.
public struct InferenceMessage: MessagePayload {
    public enum Decider: String, Sendable, CaseIterable { case edge, cloud }

    /// What was decided.
    public enum Decision: Sendable, Equatable {
        /// Confidence is the calibrated probability of the label.
        case label(String, superclass: String?, confidence: Double)
        /// The standard deviation is that of the student's errors on windows it was not trained on.
        case value(Double, unit: String, standardDeviation: Double?)
        /// One decision for each head of the task, in its order.
        case heads([HeadDecision])
    }

    public var t: Double
    /// ``WindowID/description``.
    public var window: String
    public var from: Double
    public var to: Double
    /// Name of the edge within the device's site.
    public var edge: String
    public var version: Int
    /// 0 the edge's, 1 after the cloud's verdict; consumers count one per window and model.
    public var revision: Int
    public var decision: Decision
    public var decidedBy: Decider
    public var filledChannels: [String]
    /// Wall time of the student's run, microseconds.
    public var latencyMicroseconds: Double
    /// Sent again after the broker had been away.
    public var resent: Bool

    public init(
        t: Double, window: String, from: Double, to: Double, edge: String, version: Int, revision: Int = 0,
        decision: Decision, decidedBy: Decider = .edge, filledChannels: [String] = [], latencyMicroseconds: Double,
        resent: Bool = false
    ) {
        self.t = t
        self.window = window
        self.from = from
        self.to = to
        self.edge = edge
        self.version = version
        self.revision = revision
        self.decision = decision
        self.decidedBy = decidedBy
        self.filledChannels = filledChannels
        self.latencyMicroseconds = latencyMicroseconds
        self.resent = resent
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        window = try reader.string("window")
        from = try reader.time("from")
        to = try reader.time("to")
        edge = try reader.string("edge")
        version = try reader.positive("version")
        revision = try reader.integer("revision")
        if let value = try reader.optionalNumber("value") {
            decision = .value(
                value, unit: try reader.optionalString("unit") ?? "",
                standardDeviation: try reader.optionalNumber("stdDev"))
        } else if reader.object["heads"] != nil {
            decision = .heads(
                try reader.heads { (head, reader) throws(JSONError) in try HeadDecision(head: head, reader: reader) })
        } else {
            decision = .label(
                try reader.string("label"), superclass: try reader.optionalString("superclass"),
                confidence: try reader.number("confidence"))
        }
        decidedBy = try reader.word("decidedBy")
        filledChannels = try reader.optionalStrings("filledChannels") ?? []
        latencyMicroseconds = try reader.number("latencyUs")
        resent = try reader.optionalBool("resent") ?? false
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "window": .string(window), "from": .time(from), "to": .time(to), "edge": .string(edge),
            "version": .count(version), "revision": .count(revision),
        ]
        switch decision {
        case .label(let label, let superclass, let confidence):
            object["label"] = .string(label)
            if let superclass { object["superclass"] = .string(superclass) }
            object["confidence"] = JSONValue(confidence, places: 4)
        case .value(let value, let unit, let standardDeviation):
            object["value"] = JSONValue(value, places: 6)
            object["unit"] = .string(unit)
            if let standardDeviation { object["stdDev"] = JSONValue(standardDeviation, places: 6) }
        case .heads(let heads): object["heads"] = .heads(heads)
        }
        object["decidedBy"] = .string(decidedBy.rawValue)
        object["filledChannels"] = .array(filledChannels.map(JSONValue.string))
        object["latencyUs"] = JSONValue(latencyMicroseconds, places: 1)
        if resent { object["resent"] = .bool(true) }
        return .object(object)
    }
}
