/// Confidence against correctness in ten bins of equal width; the upper end belongs to a bin.
struct CalibrationBins: Sendable, Equatable {
    static let count = 10

    /// Of each bin the decisions, the correct ones, and the sum of confidences in millionths (integers can be taken back
    /// without a rest); empty before the first.
    private(set) var counts: [Int]

    /// - Precondition: none, or three numbers for each bin.
    init(counts: [Int] = []) {
        precondition(counts.isEmpty || counts.count == 3 * Self.count, "three numbers for each of ten bins")
        self.counts = counts
    }

    /// - Parameters:
    ///   - confidence: 0 to 1.
    ///   - amount: 1, or −1 to take back.
    mutating func add(confidence: Float, isCorrect: Bool, _ amount: Int) {
        if counts.isEmpty { counts = [Int](repeating: 0, count: 3 * Self.count) }
        let millionths = Int((Double(confidence) * 1_000_000).rounded())
        let bin = max(0, min(Self.count - 1, (millionths + 99_999) / 100_000 - 1))
        counts[3 * bin] += amount
        if isCorrect { counts[3 * bin + 1] += amount }
        counts[3 * bin + 2] += amount * millionths
        if counts.allSatisfy({ $0 == 0 }) { counts = [] }
    }

    mutating func add(_ other: CalibrationBins) {
        guard !other.counts.isEmpty else { return }
        if counts.isEmpty { counts = other.counts } else { for at in counts.indices { counts[at] += other.counts[at] } }
        if counts.allSatisfy({ $0 == 0 }) { counts = [] }
    }

    /// Σ |correct − confidence| over the bins, by their share of the decisions; nothing without decisions.
    ///
    /// - Source: Guo et al. 2017, arXiv:1706.04599, equation 3.
    var expectedError: Double? {
        let bins = stride(from: 0, to: counts.count, by: 3)
        let total = bins.reduce(0) { $0 + counts[$1] }
        guard total > 0 else { return nil }
        return bins.reduce(0) { sum, at in
            sum + abs(Double(counts[at + 1]) - Double(counts[at + 2]) / 1_000_000) / Double(total)
        }
    }
}
