import Distillation
import JSON
import ModelArtifact
import Telemetry

/// Makes teachers and students from samples. Calls block for as long as the training takes.
protocol TrainingEngine: Sendable {
    /// Trains a teacher.
    ///
    /// - Parameter checkpoints: where the training is kept after each epoch.
    /// - Throws: `CancellationError` once `report` has returned false, an error that says what is wrong with the data.
    func trainTeacher(
        _ samples: CollectedSamples, seed: UInt64, checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> any TeacherModel

    /// Reads a teacher back from its file.
    func teacher(decoding file: [UInt8]) throws -> any TeacherModel

    /// Distills, quantises and evaluates a student; warm-started from `base` where one is given
    /// and fits; the student then names it as its base.
    ///
    /// - Parameter teacher: nothing where the answers in `samples` are learned.
    /// - Throws: as ``trainTeacher(_:seed:checkpoints:report:)``.
    func distill(
        _ samples: CollectedSamples, teacher: (any TeacherModel)?, base: WarmStart?, seed: UInt64,
        checkpoints: Checkpoints, report: @escaping TrainingReport
    ) throws -> DistilledStudent
}

/// How far a training is; false asks it to stop.
typealias TrainingReport = @Sendable (_ progress: TrainingStep) -> Bool

/// A report from within a training.
struct TrainingStep: Sendable, Equatable {
    var phase: JobProgress.Phase
    /// Of the phase, 0 to 1.
    var fraction: Double
    var loss: Double?
    var secondsLeft: Double?
    /// Passes that a checkpoint had done of the phase.
    var resumedFrom: Int?
}

/// A trained teacher, ready to answer.
protocol TeacherModel: Sendable {
    /// What it was trained for.
    var task: TaskDocument { get }
    /// The safetensors file that keeps it.
    var file: [UInt8] { get }
    /// Parameters and accuracy, for the candidate's report.
    var report: JSONObject { get }

    /// Probabilities in class order, or the value, for each window.
    ///
    /// - Parameter values: (windows × window · channels), raw units.
    /// - Returns: (windows × outputs).
    func answers(to values: [Float]) throws -> [Float]
}

/// A student that passed its evaluation.
struct DistilledStudent: Sendable {
    let student: Student
    /// Parameters and accuracies, for the candidate's report.
    let report: JSONObject
    /// Distinct groups (devices) that it was trained and validated on.
    let groups: Int
}
