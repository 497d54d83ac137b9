/// How a regression did on windows whose value is known.
public struct ValueScores: Sendable, Equatable {
    public let truth: [Float]
    public let answers: [Float]

    init(truth: [Float], answers: [Float]) {
        self.truth = truth
        self.answers = answers
    }

    public var count: Int { truth.count }

    /// Mean absolute error, in the target's unit.
    public var meanAbsoluteError: Double {
        zip(truth, answers).reduce(0) { $0 + abs(Double($1.0 - $1.1)) } / Double(max(1, count))
    }

    /// Root of the mean square error, in the target's unit.
    public var rootMeanSquareError: Double { (squares / Double(max(1, count))).squareRoot() }

    /// Share of the targets' variance that is explained; `nil` where all targets are equal.
    public var determination: Double? {
        let mean = truth.reduce(0) { $0 + Double($1) } / Double(max(1, count))
        let spread = truth.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
        return spread > 0 ? 1 - squares / spread : nil
    }

    private var squares: Double {
        zip(truth, answers).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    }
}
