import NeuralNetwork
import Telemetry

/// How a network did on one target.
public enum TargetScores: Sendable, Equatable {
    case classes(ClassScores)
    case value(ValueScores)

    /// One figure that is higher for the better: the share of right answers, or of variance explained.
    public var quality: Double? {
        switch self {
        case .classes(let scores): scores.accuracy?.value
        case .value(let scores): scores.determination
        }
    }

    /// Scores of each target.
    ///
    /// - Parameter answers: (windows × targets), from ``answers(_:targets:)``.
    static func all(_ answers: [Float], _ windows: LabelledWindows, _ targets: [StudyTarget]) -> [TargetScores] {
        targets.enumerated().map { head, target in
            let known = (0..<windows.count).filter { !windows.target($0, head: head).isNaN }
            let truth = known.map { windows.target($0, head: head) }
            let given = known.map { answers[$0 * targets.count + head] }
            guard !target.isValue else { return .value(ValueScores(truth: truth, answers: given)) }
            return .classes(
                ClassScores(classes: target.classes, truth: truth.map { Int($0) }, answers: given.map { Int($0) }))
        }
    }

    /// What a network answers: for each window and target the most probable class (the first of equals), or the value.
    ///
    /// - Parameter logits: (windows × outputs); one output for two classes is the logit of the second.
    static func answers(_ logits: [Float], windows: Int, targets: [StudyTarget]) -> [Float] {
        guard windows > 0 else { return [] }
        let outputs = logits.count / windows
        var answers: [Float] = []
        answers.reserveCapacity(windows * targets.count)
        for window in 0..<windows {
            var at = window * outputs
            for target in targets {
                if target.isValue {
                    answers.append(logits[at])
                    at += 1
                } else if outputs == 1 {
                    answers.append(logits[at] > 0 ? 1 : 0)
                } else {
                    let end = at + target.classes.count
                    var best = at
                    for index in at..<end where logits[index] > logits[best] { best = index }
                    answers.append(Float(best - at))
                    at = end
                }
            }
        }
        return answers
    }

    /// Mean quality over targets; `nil` where nothing could be scored.
    static func quality(_ scores: [TargetScores]) -> Double? {
        let known = scores.compactMap(\.quality)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
}
