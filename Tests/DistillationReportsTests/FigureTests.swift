import Telemetry
import Testing

@testable import DistillationReports

@Suite("Scores are what they say")
struct ScoreTests {
    @Test("Precision, recall and F1 follow from the confusion matrix")
    func scores() throws {
        let scores = ClassScores(
            classes: ["a", "b", "c"], truth: [0, 0, 0, 0, 1, 1], answers: [0, 0, 0, 1, 1, 0])
        #expect(scores.confusion == [[3, 1, 0], [1, 1, 0], [0, 0, 0]] && scores.correct == 4 && scores.count == 6)
        #expect(scores.precision(0) == 0.75 && scores.recall(0)?.value == 0.75 && scores.f1(0) == 0.75)
        #expect(scores.precision(1) == 0.5 && scores.f1(1) == 0.5)
        #expect(scores.precision(2) == nil && scores.recall(2) == nil && scores.f1(2) == nil)
        #expect(scores.macroF1 == 0.625)
        // Wilson 1927 with z = 1.959963984540054, evaluated in Python.
        let interval = try #require(scores.accuracy)
        #expect(abs(interval.low - 0.299993) < 1e-6 && abs(interval.high - 0.903229) < 1e-6)
    }

    @Test("Errors and explained variance of values")
    func values() {
        let scores = ValueScores(truth: [1, 2, 3, 4], answers: [1, 2, 3, 6])
        #expect(scores.meanAbsoluteError == 0.5 && scores.rootMeanSquareError == 1)
        #expect(abs((scores.determination ?? 0) - 0.2) < 1e-12)
    }

    @Test("Answers are the most probable classes of each target, the first of equals")
    func answers() {
        let two = [StudyTarget(name: "a", classes: ["x", "y"]), StudyTarget(name: "b", classes: ["u", "v", "w"])]
        #expect(TargetScores.answers([1, 1, 0, 3, 2, -1, 0, 5, 5, 6], windows: 2, targets: two) == [0, 1, 1, 2])
        let one = [two[0]]
        #expect(TargetScores.answers([0.5, -0.5], windows: 2, targets: one) == [1, 0])
    }
}
