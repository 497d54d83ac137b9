import Inference
import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

/// The textbook pair: a dense teacher 10-50-1 and a dense student 10-1 on rows of ten numbers.
@Suite("Tabular rows")
struct TabularTests {
    private func task(_ kind: TaskDocument.Kind) -> TaskDocument {
        TaskDocument(
            name: "rows", kind: kind, channels: (0..<10).map { .init(name: "x\($0)", unit: "") }, rate: 1, window: 1,
            step: 1, classes: kind == .classification ? [.init(name: "no"), .init(name: "yes")] : [],
            target: kind == .regression ? .init(name: "y", unit: "mm") : nil,
            student: .init(profile: "x86-gateway", parameters: 100, bytes: 8192))
    }

    /// Rows whose answer is a weighted sum with some noise: of five people, each with rows of their own.
    private func rows(_ kind: TaskDocument.Kind, _ count: Int, seed: UInt64) throws -> LabelledWindows {
        var random = RandomSource(seed: seed)
        var values: [Float] = []
        var targets: [Float] = []
        for _ in 0..<count {
            let row = (0..<10).map { _ in random.normal() }
            let sum = zip(row, [2, -1, 0.5, 0, 0, 1, -2, 0, 0.3, 0.1] as [Float]).reduce(0) { $0 + $1.0 * $1.1 }
            values += row.enumerated().map { Float($0) + 3 * $1 }
            targets.append(
                kind == .regression
                    ? 600 + 100 * (sum + 0.1 * random.normal()) : sum + 0.3 * random.normal() > 0 ? 1 : 0)
        }
        return try LabelledWindows(
            samples: 1, channels: 10, values: values, targets: targets, groups: (0..<count).map { $0 % 5 })
    }

    private func options() -> DistillationOptions {
        var options = DistillationOptions(
            threads: 2, batch: 32, teacherEpochs: 20, studentEpochs: 30, quantisedEpochs: 5, copies: 30)
        options.teacherSpec = NetworkSpec(
            samples: 1, channels: 10, layers: [.dense(units: 50), .relu, .dense(units: 1)])
        options.studentSpec = NetworkSpec(samples: 1, channels: 10, layers: [.dense(units: 1)])
        options.augmentation = .none
        return options
    }

    @Test("A binary student of one logit learns from a teacher of one logit, and is deployed with two")
    func binary() throws {
        let distiller = try Distiller(task: task(.classification), options: options())
        let windows = try rows(.classification, 600, seed: 1)
        let unseen = try rows(.classification, 400, seed: 2)
        let teacher = try distiller.trainTeacher(windows).teacher
        let student = try distiller.distill(teacher, windows: windows).student
        #expect(student.spec.layers == [.dense(units: 2)])
        #expect(student.layers[0].weight.prefix(10).allSatisfy { $0 == 0 }, "the logit of the first class is 0")
        let scores = try #require(Scores(student.logits(unseen), unseen, distiller.deployedLayout))
        #expect(try #require(scores.accuracy) > 0.9)
        #expect(try Student(decoding: student.encode()) == student)
    }

    @Test("A regression's student answers in the target's unit, and goes on from its base")
    func regression() throws {
        let distiller = try Distiller(task: task(.regression), options: options())
        let windows = try rows(.regression, 600, seed: 1)
        let unseen = try rows(.regression, 400, seed: 2)
        let teacher = try distiller.trainTeacher(windows)
        #expect(try #require(teacher.validation?.determination) > 0.95)
        let student = try distiller.distill(teacher.teacher, windows: windows).student
        let scores = try #require(Scores(student.logits(unseen), unseen, distiller.deployedLayout))
        #expect(try #require(scores.determination) > 0.95)
        #expect(try #require(scores.meanAbsoluteError) < 50, "targets deviate by about 320")
        let digest = String(repeating: "ab", count: 32)
        let next = try distiller.distill(
            teacher.teacher, windows: windows, from: .init(student: student, digest: digest)
        ).student
        #expect(next.base == digest)
        let again = try #require(Scores(next.logits(unseen), unseen, distiller.deployedLayout))
        #expect(try #require(again.determination) > 0.95)
        #expect(try InferenceEngine(next).value(InferenceEngine(next).logits(Array(unseen.values[..<10]))) > 100)
    }

    @Test("A regression learned from answers alone is scaled by them")
    func answeredRegression() throws {
        let distiller = try Distiller(task: task(.regression), options: options())
        let windows = try rows(.regression, 600, seed: 1)
        let unseen = try rows(.regression, 400, seed: 2)
        let none = try windows.withTargets([Float](repeating: .nan, count: windows.count))
        let student = try distiller.distill(.answers(TeacherAnswers(values: windows.targets)), windows: none).student
        let scores = try #require(Scores(student.logits(unseen), unseen, distiller.deployedLayout))
        #expect(try #require(scores.determination) > 0.95)
    }

    @Test("A window of one sample gets dense networks within the task's limit")
    func specs() throws {
        let task = task(.classification)
        let student = NetworkSpec.student(for: task)
        #expect(student.layers.count == 3 && student.parameterCount <= 100 && student.parameterCount > 60)
        #expect(NetworkSpec.teacher(for: task).outputs == 2)
    }
}
