public import JSON

/// How far a job is.
public struct JobProgress: MessagePayload {
    public enum Phase: String, Sendable, CaseIterable {
        case accepted, preparing, teacher, student, compressing, quantising, evaluating, offering, done, failed
    }

    public var t: Double
    public var id: String
    public var model: String
    public var distiller: String
    public var phase: Phase
    /// Of the phase, 0 to 1.
    public var fraction: Double
    public var loss: Double?
    /// Until the job is done, where it can be told.
    public var secondsLeft: Double?
    /// Seconds spent in each phase that has ended.
    public var seconds: [String: Double]
    /// Passes over the windows that an earlier process had done of this phase, from which the job goes on.
    public var resumedFrom: Int?
    /// Candidate's digest once there is one; the reason where it failed.
    public var candidate: String?
    public var reason: String?

    public init(
        t: Double, id: String, model: String, distiller: String, phase: Phase, fraction: Double, loss: Double? = nil,
        secondsLeft: Double? = nil, seconds: [String: Double] = [:], resumedFrom: Int? = nil, candidate: String? = nil,
        reason: String? = nil
    ) {
        self.t = t
        self.id = id
        self.model = model
        self.distiller = distiller
        self.phase = phase
        self.fraction = fraction
        self.loss = loss
        self.secondsLeft = secondsLeft
        self.seconds = seconds
        self.resumedFrom = resumedFrom
        self.candidate = candidate
        self.reason = reason
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        id = try reader.string("id")
        model = try reader.string("model")
        distiller = try reader.string("distiller")
        phase = try reader.word("phase")
        fraction = try reader.number("fraction")
        loss = try reader.optionalNumber("loss")
        secondsLeft = try reader.optionalNumber("secondsLeft")
        seconds = [:]
        if let ended = try reader.optionalObject("seconds") {
            for phase in ended.object.keys { seconds[phase] = try ended.number(phase) }
        }
        resumedFrom = reader.object["resumedFrom"] == nil ? nil : try reader.positive("resumedFrom")
        candidate = try reader.optionalString("candidate")
        reason = try reader.optionalString("reason")
    }

    public var json: JSONValue {
        var object: JSONObject = [
            "t": .time(t), "id": .string(id), "model": .string(model), "distiller": .string(distiller),
            "phase": .string(phase.rawValue), "fraction": JSONValue(fraction, places: 4),
        ]
        object["loss"] = loss.map { JSONValue($0, places: 5) }
        object["secondsLeft"] = secondsLeft.map { JSONValue($0, places: 1) }
        var ended = JSONObject()
        for (phase, value) in seconds.sorted(by: { $0.key < $1.key }) { ended[phase] = JSONValue(value, places: 3) }
        object["seconds"] = .object(ended)
        object["resumedFrom"] = resumedFrom.map(JSONValue.count)
        object["candidate"] = candidate.map(JSONValue.string)
        object["reason"] = reason.map(JSONValue.string)
        return .object(object)
    }
}
