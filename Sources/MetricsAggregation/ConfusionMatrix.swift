/// Counts of (true class, decided class), kept sparse: most pairs never occur.
struct ConfusionMatrix: Sendable, Equatable {
    struct Cell: Sendable, Hashable {
        var truth: Int32
        var decided: Int32
    }

    struct ClassScore: Sendable, Equatable {
        var support = 0
        var decided = 0
        var correct = 0

        var precision: Double { decided == 0 ? 0 : Double(correct) / Double(decided) }
        var recall: Double { support == 0 ? 0 : Double(correct) / Double(support) }
        /// Harmonic mean of precision and recall, 2·correct / (support + decided).
        var f1: Double { support + decided == 0 ? 0 : 2 * Double(correct) / Double(support + decided) }
    }

    private(set) var cells: [Cell: Int] = [:]

    /// Adds to a cell; a negative amount takes back what was added.
    mutating func add(truth: Int32, decided: Int32, _ amount: Int) {
        let cell = Cell(truth: truth, decided: decided)
        let count = (cells[cell] ?? 0) + amount
        cells[cell] = count == 0 ? nil : count
    }

    mutating func add(_ other: ConfusionMatrix) {
        for (cell, count) in other.cells { add(truth: cell.truth, decided: cell.decided, count) }
    }

    /// Scores of the classes that occur in truth or decisions.
    var classes: [Int32: ClassScore] {
        var scores: [Int32: ClassScore] = [:]
        for (cell, count) in cells {
            scores[cell.truth, default: ClassScore()].support += count
            scores[cell.decided, default: ClassScore()].decided += count
            if cell.truth == cell.decided { scores[cell.truth, default: ClassScore()].correct += count }
        }
        return scores
    }

    /// The counts of these classes: a row for each truth, a column for each decision.
    func rows(_ classes: [Int32]) -> [[Int]] {
        classes.map { truth in classes.map { cells[Cell(truth: truth, decided: $0)] ?? 0 } }
    }

    /// Unweighted mean of the F1 of the classes that occur in truth or decisions; nothing without any.
    var macroF1: Double? {
        let scores = classes
        guard !scores.isEmpty else { return nil }
        // Added in order, so that the last bits do not depend on hashing.
        return scores.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value.f1 } / Double(scores.count)
    }
}
