public import ModelArtifact

/// A teacher with how it was trained.
public struct TeacherResult: Sendable {
    public let teacher: TrainedTeacher
    /// Share of right answers on the groups kept for validation; `nil` where no labelled window was kept.
    public let validationAccuracy: Double?
    public let trainingWindows: Int
    public let validationWindows: Int
    /// Mean loss of the last epoch, in nats.
    public let loss: Double
    public let epochs: Int
    public let seconds: Double
}

/// A student with how it was made.
public struct DistillationResult: Sendable {
    public let student: Student
    public let report: DistillationReport
}

/// How a student was made, and how well it does on the groups kept for validation (`nil` where none was kept).
public struct DistillationReport: Sendable, Equatable {
    public var teacherAccuracy: Double?
    /// Of the student before quantisation; `nil` for one that was warm-started, which is on the grid from the start.
    public var floatAccuracy: Double?
    /// Of the student as it is deployed.
    public var int8Accuracy: Double?
    public var trainingWindows: Int
    public var validationWindows: Int
    /// Mean losses of the last epoch, in nats.
    public var floatLoss: Double?
    public var quantisedLoss: Double
    public var floatEpochs: Int
    public var quantisedEpochs: Int
    public var seconds: Double
    /// Whether training went on from the base's weights on the base's grid.
    public var warmStarted: Bool
    /// Share of int8 weights that differ from the base's; `nil` without a warm start.
    public var changedWeights: Double?
}
