import Distillation
import Inference
import JSON
import ModelArtifact
import NeuralNetwork
import Telemetry

/// The whole way from readings to an evaluated student: read, cut, split, train, distill, quantise, evaluate.
///
/// The test part is touched once, at the end. ``run(observer:)`` blocks and computes on threads of its own: call it from a
/// thread that may wait.
public struct Study: Sendable {
    public let options: StudyOptions
    public let data: StudyData

    /// What a study leaves behind.
    public struct Result: Sendable {
        public var report: StudyReport
        /// Files, in safetensors.
        public var student: [UInt8]
        public var teacher: [UInt8]
    }

    /// Reads the data and checks it.
    ///
    /// - Throws: `RecordingError` or ``StudyError``, with what to change.
    public init(_ options: StudyOptions, observer: StudyObserver = { _ in true }) throws {
        self.options = options
        try Self.step(0, observer)
        data = try StudyData(options)
        try Self.step(1, observer)
    }

    private static func step(_ fraction: Double, _ observer: StudyObserver) throws(StudyError) {
        guard observer(StudyProgress(stage: .reading, fraction: fraction)) else {
            throw StudyError(.cancelled, "stopped")
        }
    }

    /// - Throws: ``StudyError`` `.cancelled` where the observer stops it; `DistillationError`.
    public func run(observer: @escaping StudyObserver) throws -> Result {
        let clock = ContinuousClock()
        let began = clock.now
        let training = StudyTraining(data: data, options: options, observer: observer)
        let teacher = try training.teacher()
        let student = try training.student(teacher.network)
        let baseline = options.trainsBaseline ? try training.student(nil) : nil
        let evaluation = StudyEvaluation(data: data, options: options, observer: observer)
        var report = try evaluation.report(teacher: teacher, student: student, baseline: baseline)
        if !options.focus.isEmpty {
            report.focus = try focus(training, teacher.network, plain: student.network)
            report.focusWeight = options.focusWeight
        }
        if options.comparedSeeds > 0 {
            report.comparison = try training.comparison(options)
            if !options.superclasses.isEmpty {
                report.superclassComparison = try training.comparison(options, superclasses: true)
            }
        }
        report.seconds = (clock.now - began) / .seconds(1)
        return Result(
            report: report, student: student.network.encode(),
            teacher: teacher.network.encode(task: data.task, report: report.json.text))
    }

    /// What a focus gains and costs, clean and under three hardships.
    private func focus(
        _ training: StudyTraining, _ teacher: TrainedTeacher, plain: Student
    ) throws -> FocusComparison {
        let classes = options.focus.compactMap(data.task.classIndex)
        let focused = try training.focused(teacher, on: classes, weight: options.focusWeight)
        let robustness = Robustness(
            axes: data.task.axisIndices, normalisation: teacher.normalisation, seed: options.distillation.seed)
        var conditions: [Robustness.Condition] = [.clean, .noise(0.5)]
        if !robustness.axes.isEmpty { conditions.append(.rotation(30)) }
        if data.task.channels.count > 1 { conditions.append(.lostChannel(0)) }
        return try FocusComparison(
            plain: plain, focused: focused, focus: classes, test: data.test, layout: OutputLayout(task: data.task),
            robustness: robustness, conditions: conditions, threads: options.distillation.threads)
    }
}
