import Telemetry

/// Errors of values, added up so that each can be taken back.
struct ErrorSum: Sendable, Equatable {
    var values = 0
    /// Sums of |error| and error².
    var absolute = 0.0
    var squared = 0.0

    /// - Parameter amount: 1, or −1 to take back.
    mutating func add(_ said: Double, truth: Double, _ amount: Int) {
        values += amount
        absolute += Double(amount) * abs(said - truth)
        squared += Double(amount) * (said - truth) * (said - truth)
    }

    static func + (a: ErrorSum, b: ErrorSum) -> ErrorSum {
        ErrorSum(values: a.values + b.values, absolute: a.absolute + b.absolute, squared: a.squared + b.squared)
    }

    /// Nothing where there are no values.
    func errors(unit: String?) -> ValueErrors? {
        guard values > 0 else { return nil }
        return ValueErrors(
            meanAbsolute: max(0, absolute) / Double(values),
            rootMeanSquare: (max(0, squared) / Double(values)).squareRoot(), unit: unit)
    }
}
