/// Confidence against correctness in ten bins of equal width; the upper end belongs to a bin.
struct CalibrationBins: Sendable, Equatable {
    static let count = 10

    private(set) var decisions = [Int](repeating: 0, count: Self.count)
    private(set) var correct = [Int](repeating: 0, count: Self.count)
    /// In millionths: integers can be taken back without a rest.
    private(set) var confidence = [Int](repeating: 0, count: Self.count)

    init() {}

    /// - Precondition: each array has ten elements.
    init(decisions: [Int], correct: [Int], confidence: [Int]) {
        precondition([decisions, correct, confidence].allSatisfy { $0.count == Self.count }, "ten bins each")
        self.decisions = decisions
        self.correct = correct
        self.confidence = confidence
    }

    /// - Parameters:
    ///   - confidence: 0 to 1.
    ///   - amount: 1, or −1 to take back.
    mutating func add(confidence: Float, isCorrect: Bool, _ amount: Int) {
        let millionths = Int((Double(confidence) * 1_000_000).rounded())
        let bin = max(0, min(Self.count - 1, (millionths + 99_999) / 100_000 - 1))
        decisions[bin] += amount
        if isCorrect { correct[bin] += amount }
        self.confidence[bin] += amount * millionths
    }

    /// Σ |correct − confidence| over the bins, by their share of the decisions; nothing without decisions.
    ///
    /// - Source: Guo et al. 2017, arXiv:1706.04599, equation 3.
    var expectedError: Double? {
        let total = decisions.reduce(0, +)
        guard total > 0 else { return nil }
        return (0..<Self.count).reduce(0) { sum, bin in
            sum + abs(Double(correct[bin]) - Double(confidence[bin]) / 1_000_000) / Double(total)
        }
    }
}
