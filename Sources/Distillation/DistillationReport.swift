public import ModelArtifact

/// A teacher with how it was trained.
public struct TeacherResult: Sendable {
    public let teacher: TrainedTeacher
    /// On the windows it was trained on that have labels; more than on others by what it learned by heart.
    public let training: Scores?
    /// On the groups kept for validation; `nil` where no labelled window was kept.
    public let validation: Scores?
    public let trainingWindows: Int
    public let validationWindows: Int
    public let curve: [EpochRecord]
    public let seconds: Double

    public var epochs: Int { curve.count }
    /// Mean loss of the last epoch, in nats.
    public var loss: Double { curve.last?.loss ?? 0 }
}

/// A student with how it was made.
public struct DistillationResult: Sendable {
    public let student: Student
    public let report: DistillationReport
    /// Of ``DistillationOptions/updateCurve``, those that an update can keep to.
    public let updates: [BudgetedUpdate]
}

/// How a student was made, and how well it does on the groups kept for validation (`nil` where none was kept).
public struct DistillationReport: Sendable, Equatable {
    /// Of the teachers together; `nil` for answers and for labels alone.
    public var teacher: Scores?
    /// Of the student before quantisation; `nil` for one that was warm-started, which is on the grid from the start.
    public var float: Scores?
    /// Of the student as it is deployed.
    public var int8: Scores?
    public var trainingWindows: Int
    public var validationWindows: Int
    /// Every epoch of all phases, in order.
    public var curve: [EpochRecord]
    /// The float student and what each step of the recipe made of it; empty for one that was warm-started.
    public var stages: [CompressionStage]
    /// Layer whose integers cost most, where the student on the grid is worse than the recipe allows.
    public var brokenBy: Int?
    public var seconds: Double
    /// Whether training went on from the base's weights on the base's grid.
    public var warmStarted: Bool
    /// Layers of the base that left its grid and got new steps.
    public var renewedLayers: [Int]
    /// Share of int8 weights that differ from the base's; `nil` without a warm start.
    public var changedWeights: Double?
    /// Bytes of the update from the base, where a budget was set.
    public var updateBytes: Int?
}
