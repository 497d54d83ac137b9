import JSON

/// How the teacher did on the windows it was asked about.
public struct TeacherScore: Sendable, Equatable {
    /// Windows with both the teacher's verdict and a truth or label.
    public var scored: Int
    public var accuracy: ScoreInterval?
    /// The student's accuracy on these same windows.
    public var student: ScoreInterval?
    /// Share of all windows with a verdict on which student and teacher say the same.
    public var agreement: ScoreInterval?
    /// Regression alone: the teacher's errors.
    public var errors: ValueErrors?

    public init(
        scored: Int, accuracy: ScoreInterval?, student: ScoreInterval?, agreement: ScoreInterval?,
        errors: ValueErrors? = nil
    ) {
        self.scored = scored
        self.accuracy = accuracy
        self.student = student
        self.agreement = agreement
        self.errors = errors
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        scored = try reader.tally("scored")
        accuracy = try reader.interval("accuracy")
        student = try reader.interval("student")
        agreement = try reader.interval("agreement")
        errors = try ValueErrors(reader: reader)
    }

    var json: JSONValue {
        var object: JSONObject = ["scored": .count(scored)]
        object["accuracy"] = accuracy?.json
        object["student"] = student?.json
        object["agreement"] = agreement?.json
        errors?.write(to: &object)
        return .object(object)
    }
}
