public import Distillation
public import Energy
public import ModelArtifact
public import Telemetry

/// Everything that a study found out. ``json`` and ``html`` are its two forms.
public struct StudyReport: Sendable {
    /// Of ``json``.
    public static let currentFormat = 1

    /// What was trained.
    public enum Role: String, Sendable, CaseIterable { case teacher, student, baseline }

    /// A network with what it costs and scores.
    public struct Model: Sendable {
        public var role: Role
        public var spec: NetworkSpec
        /// Of the weights: four a parameter in float, else the student's file.
        public var bytes: Int
        /// Measured on this machine.
        public var latency: Latency
        /// On the profile's device.
        public var deviceSeconds: EnergyBounds
        /// Joules of one inference on the profile's device.
        public var energy: EnergyFigure
        /// On the test part, by target.
        public var test: [TargetScores]
        /// On what it was trained on, without the validation groups.
        public var training: [TargetScores]
        public var curve: [EpochRecord]
        /// Of training.
        public var seconds: Double

        public var quality: Double? { TargetScores.quality(test) }
        public var trainingQuality: Double? { TargetScores.quality(training) }
    }

    /// What the student was after one step of its compression.
    public struct CompressionRow: Sendable {
        /// As the recipe has it; `float` before the first, the grid's last.
        public var step: String
        public var parameters: Int
        /// Parameters that are not zero.
        public var nonZero: Int
        /// Four a parameter in float, else the student's file.
        public var bytes: Int
        /// Of the same in zstd.
        public var compressedBytes: Int
        public var multiplyAccumulates: Int
        /// On the validation groups, and on the test part.
        public var validation: Double?
        public var test: Double?
        public var latency: Latency
        public var energy: EnergyFigure
        /// Layer that alone costs more than the recipe allows.
        public var brokenBy: Int?
        /// Layers that bore only a share of the step.
        public var eased: [Int: Double]
    }

    /// An update from the base within a budget.
    public struct UpdateRow: Sendable {
        public var budget: UpdateBudget
        /// Of the frame that takes the base to the student.
        public var bytes: Int
        /// Of the same student in zstd, as a newcomer gets it.
        public var fullBytes: Int
        /// Share of weights that differ from the base's.
        public var changedWeights: Double
        /// On the test part.
        public var test: Double?
    }

    /// Scores under one condition.
    public struct Hardship: Sendable {
        public var condition: Robustness.Condition
        /// Quality of each model, in the order of ``StudyReport/models``.
        public var scores: [Double]
    }

    public var task: TaskDocument
    public var targets: [StudyTarget]
    public var facts: StudyData.Facts
    public var trainingWindows: Int
    public var validationWindows: Int
    public var testWindows: Int
    public var options: DistillationOptions
    public var profile: DeviceProfile
    /// Teacher, student, and the baseline where there is one.
    public var models: [Model]
    /// Share of the test windows on which student and teacher answer alike; of numbers, `nil`.
    public var agreement: ScoreInterval?
    /// The student through the steps of its recipe, from float to int8.
    public var compression: [CompressionRow] = []
    /// What updates from the base take and score; empty where there is no base.
    public var updates: [UpdateRow] = []
    /// Of the base on the test part.
    public var baseQuality: Double?
    public var hardships: [Hardship] = []
    /// Test windows that hardships were scored on.
    public var hardshipWindows = 0
    /// Methods against one another over several seeds, where that was asked for.
    public var comparison: DistillationComparison.Report?
    /// The same of students that tell the superclasses apart.
    public var superclassComparison: DistillationComparison.Report?
    /// What a focus on some classes gained and cost, where one was asked for.
    public var focus: FocusComparison?
    /// Weight of the windows in focus.
    public var focusWeight: Float = 1
    /// Of the student's file, in hexadecimal.
    public var studentDigest: String
    /// Of the whole study.
    public var seconds: Double = 0
    /// As the person typed it; empty if unknown.
    public var command = ""

    /// The passes of a model on the int8 grid, or those before.
    func curve(_ model: Model, onGrid: Bool) -> [EpochRecord] {
        model.curve.filter { ($0.phase == .quantisation) == onGrid }
    }

    public func model(_ role: Role) -> Model? { models.first { $0.role == role } }

    /// Share of the way from labels alone to the teacher that distillation brought the student; `nil` without a baseline,
    /// or where the teacher is less than half a point better than it.
    public var gapClosed: Double? {
        guard let teacher = model(.teacher)?.quality, let student = model(.student)?.quality,
            let baseline = model(.baseline)?.quality, teacher - baseline >= 0.005
        else { return nil }
        return (student - baseline) / (teacher - baseline)
    }
}
