import Compression
import Inference
import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Distiller")
struct DistillerTests {
    private func accuracy(_ student: Student, _ windows: LabelledWindows) throws -> Double {
        let logits = try student.logits(windows)
        let outputs = student.spec.outputs
        let right = (0..<windows.count).count { index in
            let own = Array(logits[index * outputs..<(index + 1) * outputs])
            return own.indices.max { own[$0] < own[$1] } == windows.labels[index]
        }
        return Double(right) / Double(windows.count)
    }

    @Test(
        "A teacher and its int8 student learn a synthetic problem; a warm start keeps the grid and most of its weights")
    func pipeline() throws {
        let windows = try SyntheticTask.windows(360, seed: 1)
        let unseen = try SyntheticTask.windows(150, seed: 2)
        let distiller = try Distiller(task: SyntheticTask.task(), options: SyntheticTask.options())
        let trained = try distiller.trainTeacher(windows)
        let result = try distiller.distill(trained.teacher, windows: windows)
        let student = result.student
        #expect(try #require(trained.validation?.accuracy) > 0.85)
        #expect(try #require(trained.training?.accuracy) >= 0.85 && trained.curve.count == 6)
        #expect(try accuracy(student, unseen) > 0.85)
        #expect(!result.report.warmStarted && student.base == nil)
        #expect(student.spec.parameterCount <= 900)
        #expect(student.gate.temperature > 0 && (0...1).contains(student.gate.threshold))
        #expect(student.golden.count == 2)
        try InferenceEngine(student).verifyGolden()

        let more = try SyntheticTask.windows(360, seed: 3)
        let base = Distiller.Base(student: student, digest: String(repeating: "ab", count: 32))
        let next = try distiller.distill(trained.teacher, windows: more, from: base)
        #expect(next.report.warmStarted && next.student.base == base.digest)
        #expect(Int8Grid(of: next.student) == Int8Grid(of: student))
        #expect(next.student.golden.map(\.input) == student.golden.map(\.input), "an update carries no other inputs")
        try InferenceEngine(next.student).verifyGolden()
        #expect(next.student.normalisation == student.normalisation)
        #expect(try accuracy(next.student, unseen) > 0.85)
        let steps = zip(next.student.layers, student.layers).flatMap { new, old in
            zip(new.weight, old.weight).map { abs(Int($0) - Int($1)) }
        }
        #expect(steps.reduce(0, +) > 0, "training went on")
        #expect(steps.count { $0 <= 8 } > steps.count * 3 / 4, "most weights move few steps")
    }

    @Test("The same seed gives the same student bit for bit, another seed another")
    func determinism() throws {
        let windows = try SyntheticTask.windows(90, seed: 1)
        func student(_ seed: UInt64) throws -> Student {
            var options = SyntheticTask.options(seed)
            options.teacherEpochs = 1
            options.studentEpochs = 2
            options.quantisedEpochs = 1
            let distiller = try Distiller(task: SyntheticTask.task(), options: options)
            return try distiller.distill(distiller.trainTeacher(windows).teacher, windows: windows).student
        }
        let first = try student(5)
        #expect(try first == student(5))
        #expect(try first.layers != student(6).layers)
    }

    @Test("A base for another task is not gone on from")
    func otherBase() throws {
        let windows = try SyntheticTask.windows(60, seed: 1)
        var options = SyntheticTask.options()
        options.teacherEpochs = 1
        options.studentEpochs = 1
        options.quantisedEpochs = 1
        let distiller = try Distiller(task: SyntheticTask.task(), options: options)
        let teacher = try distiller.trainTeacher(windows).teacher
        var student = try distiller.distill(teacher, windows: windows).student
        student.task.classes[0].name = "other"
        let next = try distiller.distill(teacher, windows: windows, from: .init(student: student, digest: "x"))
        #expect(!next.report.warmStarted && next.student.base == nil)
    }

    @Test("Windows that do not fit the task are refused")
    func refusals() throws {
        let distiller = try Distiller(task: SyntheticTask.task(window: 16), options: SyntheticTask.options())
        #expect(throws: DistillationError.self) { try distiller.trainTeacher(SyntheticTask.windows(30, seed: 1)) }
        let one = try SyntheticTask.windows(30, window: 16, seed: 1)
        let same = one.selecting((0..<30).filter { one.labels[$0] == 0 })
        #expect(throws: DistillationError.self) { try distiller.trainTeacher(same) }
        #expect(throws: NetworkError.self) {
            try LabelledWindows(samples: 2, channels: 1, values: [1, .nan], labels: [0], groups: [0])
        }
    }

    @Test("An observer sees phases in order and can cancel")
    func observer() throws {
        let windows = try SyntheticTask.windows(60, seed: 1)
        let distiller = try Distiller(task: SyntheticTask.task(), options: SyntheticTask.options())
        var last = 0.0
        let teacher = try distiller.trainTeacher(windows) { progress in
            #expect(progress.phase == .teacher && progress.fraction >= last && progress.loss.isFinite)
            last = progress.fraction
            return true
        }.teacher
        #expect(last == 1)
        #expect(throws: DistillationError(.cancelled, "cancelled")) {
            try distiller.distill(teacher, windows: windows) { $0.phase != .quantisation }
        }
    }

    @Test("Specs fit tasks of many shapes", arguments: [8, 10, 64, 100, 256])
    func specs(window: Int) throws {
        for channels in [1, 3, 6] {
            for classes in [2, 18] {
                var task = SyntheticTask.task(window: window, parameters: 4000)
                task.channels = (0..<channels).map { .init(name: "c\($0)", unit: "") }
                task.classes = (0..<classes).map { .init(name: "k\($0)") }
                let student = NetworkSpec.student(for: task)
                #expect(student.parameterCount <= 4000 && student.parameterCount > 2500)
                #expect(student.outputs == classes && NetworkSpec.teacher(for: task).outputs == classes)
                _ = try QuantisationPlan(student)
                let pass = NetworkPass(spec: .teacher(for: task), capacity: 2, training: true)
                pass.load(NetworkWeights(spec: .teacher(for: task), seed: 1))
                pass.forward(count: 2, training: true)
                pass.backward(count: 2)
                #expect((0..<classes).allSatisfy { pass.logits.window(0)[$0].isFinite })
            }
        }
    }
}
