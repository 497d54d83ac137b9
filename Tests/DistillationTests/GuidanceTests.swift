import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("What a student learns from")
struct GuidanceTests {
    private func quality(_ student: Student, _ windows: LabelledWindows, _ layout: OutputLayout) throws -> Double {
        try #require(Scores(student.logits(windows), windows, layout)?.quality)
    }

    private func unlabelled(_ windows: LabelledWindows) throws -> LabelledWindows {
        try windows.withTargets([Float](repeating: .nan, count: windows.count))
    }

    @Test("Answers of a teacher made elsewhere are enough, without a single label")
    func answersAlone() throws {
        let windows = try SyntheticTask.windows(240, seed: 1)
        let unseen = try SyntheticTask.windows(150, seed: 2)
        // A teacher that is right, and says so with four fifths of its belief.
        let probabilities = windows.labels.flatMap { label in (0..<3).map { Float($0 == label ? 0.8 : 0.1) } }
        let answers = try TeacherAnswers(probabilities: probabilities, outputs: 3)
        let distiller = try Distiller(task: SyntheticTask.task(), options: SyntheticTask.options())
        let student = try distiller.distill(.answers(answers), windows: unlabelled(windows)).student
        #expect(try quality(student, unseen, distiller.outputLayout) > 0.85)
        #expect(student.gate.threshold > 0.33, "the answers tell when it is unsure")
        #expect(throws: DistillationError.self) { try distiller.distill(.none, windows: unlabelled(windows)) }
        #expect(throws: DistillationError.self) { try TeacherAnswers(probabilities: [0.9, 0.3], outputs: 2) }
    }

    @Test("Windows of which neither label nor answer is known are left out")
    func unknownWindows() throws {
        let windows = try SyntheticTask.windows(60, seed: 1)
        var options = SyntheticTask.options()
        options.validationShare = 0
        options.studentEpochs = 1
        options.quantisedEpochs = 1
        let distiller = try Distiller(task: SyntheticTask.task(), options: options)
        var rows = windows.labels.flatMap { label in (0..<3).map { Float($0 == label ? 1 : 0) } }
        for index in 30 * 3..<rows.count { rows[index] = .nan }
        let half = try distiller.distill(
            .answers(TeacherAnswers(probabilities: rows, outputs: 3)), windows: unlabelled(windows)
        ).student
        let first = Array(0..<30)
        let alone = try distiller.distill(
            .answers(TeacherAnswers(probabilities: Array(rows.prefix(90)), outputs: 3)),
            windows: unlabelled(windows).selecting(first)
        ).student
        // Normalisation looks at all windows, training only at the first thirty.
        #expect(half.layers.count == alone.layers.count && half.normalisation != alone.normalisation)
    }

    @Test("An ensemble's opinion is the mean of its teachers' logits")
    func ensemble() throws {
        let windows = try SyntheticTask.windows(60, seed: 1)
        var options = SyntheticTask.options()
        options.teacherEpochs = 1
        let teachers = try (1...2).map { seed in
            options.seed = UInt64(seed)
            return try Distiller(task: SyntheticTask.task(), options: options).trainTeacher(windows).teacher
        }
        let memory = TeacherMemory(
            .teachers(teachers), windows: windows.count, outputs: 3, copies: 1, batch: 4, shards: 1)
        var turn = memory.begin(shard: 0)
        windows.values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            memory.note(7, copy: 0, raw: base + 7 * windows.windowSize, samples: windows.samples, &turn)
        }
        memory.end(turn, copy: 0)
        let row = try #require(memory.logits(copy: 0, window: 7))
        let one = windows.selecting([7])
        let (first, second) = (try teachers[0].logits(one), try teachers[1].logits(one))
        for output in 0..<3 { #expect(abs(row[output] - (first[output] + second[output]) / 2) < 1e-4) }
    }

    @Test("Hints, an ensemble and self-distillation all make students that work; labels alone need no teacher")
    func methods() throws {
        let windows = try SyntheticTask.windows(240, seed: 1)
        let unseen = try SyntheticTask.windows(150, seed: 2)
        let comparison = try DistillationComparison(
            task: SyntheticTask.task(), options: SyntheticTask.options(),
            methods: [.labels, .logits, .hint, .ensemble, .selfDistillation], seeds: [1, 2])
        var seen = Set<String>()
        let report = try comparison.run(training: windows, test: unseen) { _, what, _ in
            seen.insert(what)
            return true
        }
        #expect(seen == ["teacher", "teacher 2", "labels", "logits", "hint", "ensemble", "self"])
        #expect(report.teachers.count == 2 && report.rows.count == 5)
        for row in report.rows {
            #expect(row.qualities.count == 2 && row.mean > 0.8, "\(row.method): \(row.qualities)")
            #expect(row.deviation < 0.2 && row.agreements.count == 2)
            #expect(row.teachers.count == (row.method == .labels ? 0 : 2))
        }
    }

    @Test("Superclasses are compared with teachers that know the classes, that invent some, and that do neither")
    func superclasses() throws {
        let windows = try SyntheticTask.windows(180, seed: 1)
        let unseen = try SyntheticTask.windows(90, seed: 2)
        var task = SyntheticTask.task()
        task.classes = [
            .init(name: "slow", superclass: "calm"), .init(name: "middle", superclass: "calm"),
            .init(name: "fast", superclass: "hectic"),
        ]
        let comparison = try DistillationComparison(
            task: task, options: SyntheticTask.options(), methods: [.labels, .logits, .subclass, .invented], seeds: [1],
            comparesSuperclasses: true)
        let report = try comparison.run(training: windows, test: unseen)
        for row in report.rows { #expect(row.mean > 0.8, "\(row.method): \(row.qualities)") }
        #expect(throws: DistillationError.self) {
            try DistillationComparison(task: task, methods: [.subclass])
        }
    }

    @Test("Where few groups are labelled, what a teacher says of the others makes the better student")
    func fewLabels() throws {
        let windows = try SyntheticTask.windows(360, seed: 1)
        let unseen = try SyntheticTask.windows(150, seed: 2)
        // One window of each class and person: labels of a single person are very few.
        let few = windows.selecting(Array(0..<108))
        let comparison = try DistillationComparison(
            task: SyntheticTask.task(), options: SyntheticTask.options(), methods: [.labels, .logits], seeds: [1, 2],
            labelledGroups: 1)
        let report = try comparison.run(training: few, test: unseen)
        let labels = try #require(report.row(.labels)), logits = try #require(report.row(.logits))
        #expect(logits.mean > labels.mean, "\(logits.qualities) against \(labels.qualities)")
    }

    @Test("A hint's gradients agree with finite differences, and its projection learns")
    func hint() {
        let hint = Hint(weight: 0.7, inputs: 3, outputs: 2, meanSquare: 2, shards: 2, seed: 1)
        let teacher: [Float] = [0.5, -1]
        let student: [Float] = [0.2, 1.1, -0.4]
        var gradient: [Float] = [0, 0, 0]
        _ = hint.loss(student, teacher, share: 0.5, shard: 0, into: &gradient)
        var ignored: [Float] = [0, 0, 0]
        for index in 0..<3 {
            var moved = student
            moved[index] += 1e-2
            let up = hint.loss(moved, teacher, share: 0.5, shard: 1, into: &ignored)
            moved[index] -= 2e-2
            let down = hint.loss(moved, teacher, share: 0.5, shard: 1, into: &ignored)
            #expect(abs((up - down) / 2e-2 - gradient[index]) < 1e-3)
        }
        hint.step(rate: 0)
        let before = hint.loss(student, teacher, share: 1, shard: 0, into: &ignored)
        for _ in 0..<50 {
            hint.step(rate: 0.05)
            _ = hint.loss(student, teacher, share: 1, shard: 0, into: &ignored)
        }
        #expect(hint.loss(student, teacher, share: 1, shard: 0, into: &ignored) < before / 10)
    }

    @Test("Hints without a teacher's network are refused")
    func hintRefused() throws {
        let windows = try SyntheticTask.windows(60, seed: 1)
        var options = SyntheticTask.options()
        options.hint = 1
        let distiller = try Distiller(task: SyntheticTask.task(), options: options)
        #expect(throws: DistillationError.self) { try distiller.distill(.none, windows: windows) }
    }
}
