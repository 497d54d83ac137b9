import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Subclasses and focus")
struct SubclassTests {
    private func task() -> TaskDocument {
        var task = SyntheticTask.task()
        task.classes = [
            .init(name: "slow", superclass: "calm"), .init(name: "middle", superclass: "calm"),
            .init(name: "fast", superclass: "hectic"),
        ]
        return task
    }

    @Test("A student learns superclasses from a teacher that knows the subclasses")
    func known() throws {
        let windows = try SyntheticTask.windows(240, seed: 1)
        let unseen = try SyntheticTask.windows(150, seed: 2)
        var options = SyntheticTask.options()
        options.subclasses = .known
        let distiller = try Distiller(task: task(), options: options)
        let teacher = try distiller.trainTeacher(windows)
        // The teacher is scored on the three subclasses, the student on the two superclasses.
        #expect(try #require(teacher.validation?.accuracy) > 0.8)
        let student = try distiller.distill(teacher.teacher, windows: windows).student
        #expect(student.task.classes.count == 3)
        let scores = try #require(Scores(student.logits(unseen), unseen, distiller.deployedLayout))
        #expect(try #require(scores.accuracy) > 0.9)
    }

    @Test("A teacher divides classes by itself, and the contrast makes it tell more windows apart")
    func invented() throws {
        // Two classes, of which the first holds two frequencies.
        let all = try SyntheticTask.windows(300, seed: 1)
        let windows = try all.withTargets(all.labels.map { $0 == 2 ? 1 : 0 })
        var coarse = SyntheticTask.task()
        coarse.classes = [.init(name: "calm"), .init(name: "hectic")]
        func contrast(weight: Float) throws -> Float {
            var options = SyntheticTask.options()
            options.subclasses = .invented(.init(perClass: 2, contrast: weight))
            let distiller = try Distiller(task: coarse, options: options)
            let teacher = try distiller.trainTeacher(windows)
            #expect(try #require(teacher.validation?.accuracy) > 0.85)
            let logits = try teacher.teacher.logits(windows)
            var ignored = [Float](repeating: 0, count: logits.count)
            return Losses.contrast(
                logits, windows: windows.count, outputs: 4, stride: 4, temperature: 1, addingTo: &ignored)
        }
        #expect(try contrast(weight: 1) < contrast(weight: 0) - 0.2, "the loss tells windows of a class apart")
        var options = SyntheticTask.options()
        options.subclasses = .invented(.init(perClass: 2))
        let distiller = try Distiller(task: coarse, options: options)
        let student = try distiller.distill(distiller.trainTeacher(windows).teacher, windows: windows).student
        #expect(student.task.classes.map(\.name) == ["calm.1", "calm.2", "hectic.1", "hectic.2"])
        #expect(student.task.classes[3].superclass == "hectic")
        let scores = try #require(Scores(student.logits(windows), windows, distiller.deployedLayout))
        #expect(try #require(scores.accuracy) > 0.85)
        #expect(try Student(decoding: student.encode()) == student)
    }

    @Test(
        "A class in focus, and a rare class with balanced weights, is recognised more often; the report says at whose cost"
    )
    func focus() throws {
        let all = try SyntheticTask.windows(600, seed: 1)
        // The middle class is rare.
        let windows = all.selecting((0..<all.count).filter { all.label($0) != 1 || $0 % 12 == 1 })
        let unseen = try SyntheticTask.windows(300, seed: 2)
        func student(_ change: (inout DistillationOptions) -> Void) throws -> Student {
            var options = SyntheticTask.options()
            options.studentEpochs = 6
            change(&options)
            return try Distiller(task: task(), options: options).distill(.none, windows: windows).student
        }
        let plain = try student { _ in }
        let layout = try OutputLayout(task: task())
        func compare(_ other: Student) throws -> FocusComparison {
            try FocusComparison(
                plain: plain, focused: other, focus: [1], test: unseen, layout: layout,
                robustness: Robustness(axes: [], normalisation: plain.normalisation, seed: 1),
                conditions: [.clean, .noise(0.2), .lostChannel(1)])
        }
        let focused = try compare(student { $0.focus = Focus(classes: [1], weight: 6) })
        #expect(focused.rows.count == 3 && focused.rows[0].focus.gain > 0.05)
        #expect(focused.rows[0].classes[1] == focused.rows[0].focus)
        let others = [0, 2].compactMap { focused.rows[0].classes[$0]?.focused }
        #expect(abs(focused.rows[0].others.focused - (others[0] + others[1]) / 2) < 1e-12)
        #expect(try compare(student { $0.classWeights = .balanced }).rows[0].focus.gain > 0.05)
        #expect(try compare(plain).rows.allSatisfy { $0.focus.gain == 0 && $0.others.gain == 0 })
        #expect(throws: DistillationError.self) {
            var options = SyntheticTask.options()
            options.focus = Focus(classes: [7])
            _ = try Distiller(task: task(), options: options)
        }
    }

    @Test("Class weights have a mean of one over windows")
    func classWeights() {
        #expect(ClassWeights.uniform.factors(counts: [3, 1]).isEmpty)
        #expect(ClassWeights.balanced.factors(counts: [30, 10]) == [2.0 / 3, 2])
        #expect(ClassWeights.given([1, 3]).factors(counts: [1, 1]) == [0.5, 1.5])
    }

    @Test("Early stopping ends a training that gets no better and keeps its best epoch")
    func earlyStopping() throws {
        let windows = try SyntheticTask.windows(240, seed: 1)
        var options = SyntheticTask.options()
        options.teacherEpochs = 40
        options.patience = 3
        let result = try Distiller(task: SyntheticTask.task(), options: options).trainTeacher(windows)
        #expect(result.epochs < 40)
        let scores = result.curve.compactMap(\.validation)
        #expect(scores.count == result.epochs)
        #expect(result.validation?.accuracy == scores.max(), "the best epoch's weights are kept")
        options.patience = nil
        options.teacherEpochs = 8
        options.validationPoints = 4
        let curve = try Distiller(task: SyntheticTask.task(), options: options).trainTeacher(windows).curve
        #expect(curve.map { $0.validation != nil } == [false, true, false, true, false, true, false, true])
    }
}
