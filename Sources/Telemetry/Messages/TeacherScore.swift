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

    public init(
        scored: Int, accuracy: ScoreInterval?, student: ScoreInterval?, agreement: ScoreInterval?
    ) {
        self.scored = scored
        self.accuracy = accuracy
        self.student = student
        self.agreement = agreement
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        scored = try reader.tally("scored")
        accuracy = try reader.interval("accuracy")
        student = try reader.interval("student")
        agreement = try reader.interval("agreement")
    }

    var json: JSONValue {
        var object: JSONObject = ["scored": .count(scored)]
        object["accuracy"] = accuracy?.json
        object["student"] = student?.json
        object["agreement"] = agreement?.json
        return .object(object)
    }
}
