public import Telemetry

/// How a classifier did on windows whose class is known.
public struct ClassScores: Sendable, Equatable {
    /// Names of the classes.
    public let classes: [String]
    /// Row: the true class; column: the answer.
    public let confusion: [[Int]]

    /// - Parameters:
    ///   - truth: class of each window.
    ///   - answers: the classifier's.
    init(classes: [String], truth: [Int], answers: [Int]) {
        self.classes = classes
        var confusion = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
        for (truth, answer) in zip(truth, answers) { confusion[truth][answer] += 1 }
        self.confusion = confusion
    }

    public var count: Int { confusion.reduce(0) { $0 + $1.reduce(0, +) } }
    public var correct: Int { confusion.indices.reduce(0) { $0 + confusion[$1][$1] } }

    /// Share of right answers with its 95 % Wilson interval; `nil` without windows.
    public var accuracy: ScoreInterval? { ScoreInterval(successes: correct, trials: count) }

    /// Windows of a class.
    public func support(_ index: Int) -> Int { confusion[index].reduce(0, +) }

    /// Share of the answers of a class that are right; `nil` where it was never answered.
    public func precision(_ index: Int) -> Double? {
        let answers = confusion.reduce(0) { $0 + $1[index] }
        return answers > 0 ? Double(confusion[index][index]) / Double(answers) : nil
    }

    /// Share of a class's windows that are found, with its 95 % Wilson interval; `nil` where it has none.
    public func recall(_ index: Int) -> ScoreInterval? {
        ScoreInterval(successes: confusion[index][index], trials: support(index))
    }

    /// Harmonic mean of precision and recall; `nil` for a class without windows, 0 for one never found.
    public func f1(_ index: Int) -> Double? {
        guard support(index) > 0 else { return nil }
        let answers = confusion.reduce(0) { $0 + $1[index] }
        return 2 * Double(confusion[index][index]) / Double(support(index) + answers)
    }

    /// Mean F1 of the classes that have windows.
    public var macroF1: Double? {
        let all = classes.indices.compactMap { f1($0) }
        return all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
    }
}
