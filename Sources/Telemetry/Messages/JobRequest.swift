public import JSON

/// Asks a distiller for a student.
public struct JobRequest: MessagePayload {
    /// Whom the student learns from besides labels.
    public enum Teacher: String, Sendable, CaseIterable {
        /// The distiller's own, trained on the labels.
        case own
        /// Whoever answered windows on `verdict/`.
        case verdicts
    }

    public var t: Double
    /// Names the job, a slug; repeated requests with one id are one job.
    public var id: String
    public var model: String
    /// Instance of the distiller; nothing means the live one with the lowest id.
    public var distiller: String?
    /// Version whose int8 grid the student starts from; nothing means from scratch.
    public var base: Int?
    public var teacher: Teacher
    /// Whether a teacher is trained anew even where one is kept.
    public var retrainTeacher: Bool
    public var seed: Int

    public init(
        t: Double, id: String, model: String, distiller: String? = nil, base: Int? = nil, teacher: Teacher = .own,
        retrainTeacher: Bool = false, seed: Int = 1
    ) {
        self.t = t
        self.id = id
        self.model = model
        self.distiller = distiller
        self.base = base
        self.teacher = teacher
        self.retrainTeacher = retrainTeacher
        self.seed = seed
    }

    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        t = try reader.time("t")
        id = try reader.string("id")
        model = try reader.string("model")
        guard Slug.isValid(id), Slug.isValid(model) else {
            throw JSONError(.wrongType, "id, model: must match [a-z0-9._-]+")
        }
        distiller = try reader.optionalString("distiller")
        base = reader.object["base"] == nil ? nil : try reader.positive("base")
        teacher = reader.object["teacher"] == nil ? .own : try reader.word("teacher")
        retrainTeacher = try reader.optionalBool("retrainTeacher") ?? false
        seed = try reader.optionalInteger("seed") ?? 1
    }

    public var json: JSONValue {
        var object: JSONObject = ["t": .time(t), "id": .string(id), "model": .string(model)]
        object["distiller"] = distiller.map(JSONValue.string)
        object["base"] = base.map(JSONValue.count)
        if teacher != .own { object["teacher"] = .string(teacher.rawValue) }
        if retrainTeacher { object["retrainTeacher"] = .bool(true) }
        object["seed"] = .count(seed)
        return .object(object)
    }
}
