import Distillation
import ModelArtifact
import NeuralNetwork

/// Trains what a study compares, and notes the losses of every pass.
struct StudyTraining {
    let data: StudyData
    private let options: DistillationOptions
    private let observer: StudyObserver

    init(data: StudyData, options: StudyOptions, observer: @escaping StudyObserver) {
        self.data = data
        self.observer = observer
        var training = options.distillation
        if options.isQuick {
            let count = data.training.count
            training.teacherEpochs = training.teacherEpochs ?? DistillationOptions.epochs(18_000, count, 2...12)
            training.studentEpochs = training.studentEpochs ?? DistillationOptions.epochs(90_000, count, 8...60)
            training.quantisedEpochs = training.quantisedEpochs ?? DistillationOptions.epochs(22_000, count, 2...12)
        }
        self.options = training
    }

    /// A trained network with how it came about.
    struct Trained<Network> {
        var network: Network
        var curve: [StudyReport.CurvePoint]
        var seconds: Double
    }

    func teacher() throws -> Trained<TrainedTeacher> {
        let curve = CurveRecorder()
        let distiller = try Distiller(task: data.task, options: options)
        let result = try watching {
            try distiller.trainTeacher(data.training) { note($0, .teacher, .teacher, curve) }
        }
        return Trained(network: result.teacher, curve: curve.points, seconds: result.seconds)
    }

    /// A student of the teacher, or one that learns from labels alone: same size, passes and random changes.
    func student(_ teacher: TrainedTeacher, isBaseline: Bool) throws -> Trained<Student> {
        let curve = CurveRecorder()
        let distiller = try Distiller(task: data.task, options: options)
        let guidance = isBaseline ? Guidance.none : .teachers([teacher])
        let result = try watching {
            try distiller.distill(guidance, windows: data.training) {
                note($0, isBaseline ? .baseline : .student, isBaseline ? .baselineGrid : .studentGrid, curve)
            }
        }
        return Trained(network: result.student, curve: curve.points, seconds: result.report.seconds)
    }

    private func note(
        _ progress: DistillationProgress, _ stage: StudyProgress.Stage, _ grid: StudyProgress.Stage,
        _ curve: CurveRecorder
    ) -> Bool {
        curve.note(progress)
        return observer(
            StudyProgress(
                stage: progress.phase == .quantisation ? grid : stage, fraction: progress.fraction,
                loss: progress.loss, secondsLeft: progress.secondsLeft))
    }

    private func watching<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as DistillationError where error.code == .cancelled {
            throw StudyError(.cancelled, "stopped")
        }
    }
}

/// Keeps the loss of each finished pass.
private final class CurveRecorder {
    private(set) var points: [StudyReport.CurvePoint] = []

    func note(_ progress: DistillationProgress) {
        let phase = progress.phase == .quantisation ? "int8" : "float"
        let last = points.last { $0.phase == phase }?.epoch ?? 0
        guard progress.epoch > last else { return }
        points.append(.init(phase: phase, epoch: progress.epoch, loss: progress.loss))
    }
}
