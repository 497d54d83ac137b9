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
        _ samples: CollectedSamples, seed: UInt64, report: @escaping TrainingReport
    ) throws -> any TeacherModel {
        let distiller = try distiller(samples.task, seed: seed)
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
        _ samples: CollectedSamples, teacher: any TeacherModel, base: WarmStart?, seed: UInt64,
        report: @escaping TrainingReport
    ) throws -> DistilledStudent {
        guard let teacher = teacher as? EngineTeacher else {
            throw DistillationError(.badTeacher, "the teacher was made by another engine")
        }
        let distiller = try distiller(samples.task, seed: seed)
        let windows = try samples.labelledWindows()
        let start = base.map { Distiller.Base(student: $0.student, digest: $0.digest) }
        let result = try Self.observing(report) {
            try distiller.distill(teacher.teacher, windows: windows, from: start, observer: $0)
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
        facts["changedWeights"] = made.changedWeights.map { JSONValue($0, places: 4) }
        return DistilledStudent(student: student, report: facts, groups: Set(windows.groups).count)
    }

    private func distiller(_ task: TaskDocument, seed: UInt64) throws -> Distiller {
        var options = options
        options.seed = seed
        return try Distiller(task: task, options: options)
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
                        secondsLeft: progress.secondsLeft))
            }
        } catch let error as DistillationError where error.code == .cancelled {
            throw CancellationError()
        }
    }

    private static func phase(_ phase: DistillationProgress.Phase) -> JobProgress.Phase {
        switch phase {
        case .teacher: .teacher
        case .student: .student
        case .quantisation: .quantising
        case .evaluation: .evaluating
        }
    }
}

extension CollectedSamples {
    /// The samples as the engine takes them: classes by number or values, devices as groups.
    func labelledWindows() throws -> LabelledWindows {
        let classes = Dictionary(
            task.classes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let known = targets.map { target -> Float in
            switch target {
            case .label(let label): classes[label].map { Float($0) } ?? .nan
            case .value(let value): Float(value)
            }
        }
        let groups = Dictionary(
            Set(devices).sorted().enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return try LabelledWindows(
            samples: task.window, channels: task.channels.count, values: values, targets: known,
            groups: devices.map { groups[$0] ?? 0 })
    }
}
