import JSON

/// How one head of a model with several does.
public struct HeadScore: Sendable, Equatable {
    /// Windows whose class of this head is known.
    public var scored: Int
    public var accuracy: ScoreInterval?
    /// Mean of the F1 of the classes that occur in truth or decisions.
    public var macroF1: Double?

    public init(scored: Int, accuracy: ScoreInterval?, macroF1: Double? = nil) {
        self.scored = scored
        self.accuracy = accuracy
        self.macroF1 = macroF1
    }

    init(reader: JSONObjectReader) throws(JSONError) {
        scored = try reader.tally("scored")
        accuracy = try reader.interval("accuracy")
        macroF1 = try reader.optionalShare("macroF1")
    }

    var json: JSONValue {
        var object: JSONObject = ["scored": .count(scored)]
        object["accuracy"] = accuracy?.json
        object["macroF1"] = macroF1.map { JSONValue($0, places: 4) }
        return .object(object)
    }
}
