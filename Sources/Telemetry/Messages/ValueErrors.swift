import JSON

/// How far the values of a regression are off: keys `mae`, `rmse` and `unit` of the message that holds it.
public struct ValueErrors: Sendable, Equatable {
    /// Mean of |error|, in `unit`.
    public var meanAbsolute: Double
    /// Square root of the mean of error², in `unit`.
    public var rootMeanSquare: Double
    public var unit: String?

    /// - Precondition: both errors are finite.
    public init(meanAbsolute: Double, rootMeanSquare: Double, unit: String? = nil) {
        precondition(meanAbsolute.isFinite && rootMeanSquare.isFinite, "errors are finite")
        self.meanAbsolute = meanAbsolute
        self.rootMeanSquare = rootMeanSquare
        self.unit = unit
    }

    /// The errors that a message holds; nothing where it holds none.
    init?(reader: JSONObjectReader) throws(JSONError) {
        guard let mae = try reader.optionalNumber("mae"), let rmse = try reader.optionalNumber("rmse") else {
            return nil
        }
        meanAbsolute = mae
        rootMeanSquare = rmse
        unit = try reader.optionalString("unit")
    }

    func write(to object: inout JSONObject) {
        object["mae"] = JSONValue(meanAbsolute, places: 6)
        object["rmse"] = JSONValue(rootMeanSquare, places: 6)
        object["unit"] = unit.map(JSONValue.string)
    }
}
