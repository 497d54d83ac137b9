import Distillation
import JSON
import ModelArtifact
import NeuralNetwork
import Telemetry

/// The training engine of this package.
struct DistillationEngine: TrainingEngine {
    /// Of every job but for the seed, which the request brings.
    let options: DistillationOptions

    func trainTeacher(
        _ samples: CollectedSamples, seed: UInt64, checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> any TeacherModel {
        let distiller = try distiller(samples.task, seed: seed, checkpoints)
        let windows = try samples.labelledWindows()
        let result = try Self.observing(report) { try distiller.trainTeacher(windows, observer: $0) }
        var facts: JSONObject = ["parameters": .integer(Int64(result.teacher.spec.parameterCount))]
        facts["validationAccuracy"] = result.validation?.accuracy.map { JSONValue($0, places: 4) }
        facts["trainingAccuracy"] = result.training?.accuracy.map { JSONValue($0, places: 4) }
        facts["validationError"] = result.validation?.meanAbsoluteError.map { JSONValue($0, places: 4) }
        facts["windows"] = .integer(Int64(result.trainingWindows))
        facts["epochs"] = .integer(Int64(result.epochs))
        return EngineTeacher(task: samples.task, teacher: result.teacher, report: facts)
    }

    func teacher(decoding file: [UInt8]) throws -> any TeacherModel { try EngineTeacher(decoding: file) }

    func distill(
        _ samples: CollectedSamples, teacher: (any TeacherModel)?, base: WarmStart?, seed: UInt64,
        checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> DistilledStudent {
        let guidance = try guidance(samples, teacher)
        let distiller = try distiller(samples.task, seed: seed, checkpoints)
        let windows = try samples.labelledWindows()
        let start = base.map { Distiller.Base(student: $0.student, digest: $0.digest) }
        let result = try Self.observing(report) {
            try distiller.distill(guidance, windows: windows, from: start, observer: $0)
        }
        let (student, made) = (result.student, result.report)
        var facts: JSONObject = ["parameters": .integer(Int64(student.spec.parameterCount))]
        facts["validationAccuracy"] = made.int8?.accuracy.map { JSONValue($0, places: 4) }
        facts["validationAccuracyFloat"] = made.float?.accuracy.map { JSONValue($0, places: 4) }
        facts["teacherAccuracy"] = made.teacher?.accuracy.map { JSONValue($0, places: 4) }
        facts["validationError"] = made.int8?.meanAbsoluteError.map { JSONValue($0, places: 4) }
        facts["macs"] = .integer(Int64(student.spec.multiplyAccumulates))
        facts["windows"] = .integer(Int64(made.trainingWindows))
        facts["validationWindows"] = .integer(Int64(made.validationWindows))
        if made.warmStarted { facts["warmStarted"] = .bool(true) }
        facts["agreement"] = try agreement(student, samples, windows).map { JSONValue($0, places: 4) }
        facts["changedWeights"] = made.changedWeights.map { JSONValue($0, places: 4) }
        return DistilledStudent(student: student, report: facts, groups: Set(samples.devices).count)
    }

    private func distiller(
        _ task: TaskDocument, seed: UInt64, _ checkpoints: Checkpoints
    ) throws -> Distiller {
        var options = options
        options.seed = seed
        return try Distiller(task: task, options: options, checkpoints: checkpoints)
    }

    private func guidance(_ samples: CollectedSamples, _ teacher: (any TeacherModel)?) throws -> Guidance {
        if let teacher {
            guard let teacher = teacher as? EngineTeacher else {
                throw DistillationError(.badTeacher, "the teacher was made by another engine")
            }
            return .teachers([teacher.teacher])
        }
        guard let answers = samples.answers?.values else {
            throw DistillationError(.badTeacher, "nobody has answered these windows")
        }
        return .answers(
            samples.task.kind == .regression
                ? TeacherAnswers(values: answers)
                : try TeacherAnswers(
                    probabilities: answers, outputs: samples.task.outputs, heads: samples.heads))
    }

    /// Share of the windows kept for validation on which a classifier says what those say who answered them; nothing where
    /// there is none.
    private func agreement(
        _ student: Student, _ samples: CollectedSamples, _ windows: LabelledWindows
    ) throws -> Double? {
        guard let answers = samples.answers?.values, samples.task.kind == .classification else { return nil }
        let outputs = samples.task.outputs
        let held = windows.split(validation: options.validationShare).validation.filter {
            !answers[$0 * outputs].isNaN
        }
        guard !held.isEmpty else { return nil }
        let logits = try student.logits(windows.selecting(held))
        let same = held.enumerated().count { place, window in
            WindowAnswer.likeliest(answers[window * outputs..<(window + 1) * outputs])
                == WindowAnswer.likeliest(logits[place * outputs..<(place + 1) * outputs])
        }
        return Double(same) / Double(held.count)
    }

    /// Hands progress on, and turns the engine's word for a stop into ours.
    private static func observing<T>(
        _ report: @escaping TrainingReport, _ body: (@escaping DistillationObserver) throws -> T
    ) throws -> T {
        do {
            return try body { progress in
                report(
                    TrainingStep(
                        phase: phase(progress.phase), fraction: progress.fraction, loss: progress.loss,
                        secondsLeft: progress.secondsLeft,
                        resumedFrom: progress.resumedFrom > 0 ? progress.resumedFrom : nil))
            }
        } catch let error as DistillationError where error.code == .cancelled {
            throw CancellationError()
        }
    }

    private static func phase(_ phase: DistillationProgress.Phase) -> JobProgress.Phase {
        switch phase {
        case .teacher: .teacher
        case .student: .student
        case .compression: .compressing
        case .quantisation: .quantising
        case .evaluation: .evaluating
        }
    }
}

extension CollectedSamples {
    /// Parts that the time of a device is divided into where there are too few devices to keep whole ones apart.
    private static let blocks = 8

    /// The samples as the engine takes them: classes by number or values, devices as groups.
    ///
    /// Values have no classes whose last parts could be kept for validation: of fewer than four devices, contiguous
    /// parts of their time are the groups.
    func labelledWindows() throws -> LabelledWindows {
        let names = Set(devices).sorted()
        let numbers = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var groups = devices.map { numbers[$0] ?? 0 }
        if task.kind == .regression, names.count < 4 {
            // Samples stand in order of device and time.
            let totals = Dictionary(groups.map { ($0, 1) }, uniquingKeysWith: +)
            var places: [Int: Int] = [:]
            groups = groups.map { group in
                defer { places[group, default: 0] += 1 }
                return group * Self.blocks + places[group, default: 0] * Self.blocks / (totals[group] ?? 1)
            }
        }
        return try LabelledWindows(
            samples: task.window, channels: task.channels.count, values: values,
            targets: targets.flatMap(numbers(of:)), heads: heads, groups: groups)
    }
}
