public import Compression
public import ModelArtifact
public import NeuralNetwork

/// How a teacher is trained and a student distilled. Equal options, data and seed give the same student, bit for bit.
public struct DistillationOptions: Sendable, Equatable {
    public var seed: UInt64
    /// Threads, and shards of a batch: another number gives another student.
    public var threads: Int
    /// Networks to train instead of those made for the task: samples and channels of a window in, the task's outputs out,
    /// dense at the end. A student's has neither batch norm nor dropout; the first comes behind its convolutions in
    /// training.
    public var teacherSpec: NetworkSpec?
    public var studentSpec: NetworkSpec?
    /// What a classifier's outputs are read by; the form that fits their number if `nil`.
    public var form: OutputLayout.Form?
    /// How classes are divided, for the teacher to say more of each window than its class.
    public var subclasses: Subclasses?
    /// What makes the trained student smaller.
    public var recipe: CompressionRecipe
    /// Windows of a step.
    public var batch: Int
    /// Passes over the data for the teacher; by the amount of data if `nil`.
    public var teacherEpochs: Int?
    /// Passes over the data for the student in float.
    public var studentEpochs: Int?
    /// Passes over the data behind each step of the recipe.
    public var compressionEpochs: Int?
    /// Passes over the data for the student on the int8 grid.
    public var quantisedEpochs: Int?
    public var optimiser: OptimiserKind
    /// How learning rates change over a training.
    public var course: LearningRateSchedule.Course
    /// Largest norm of a gradient; none if `nil`.
    public var clipping: Float?
    /// Highest learning rates, for AdamW.
    public var teacherRate: Float
    public var studentRate: Float
    public var compressionRate: Float
    public var quantisedRate: Float
    public var weightDecay: Float
    /// Share of the teacher's targets that is spread evenly.
    public var smoothing: Float
    /// Softens the teacher's and the student's probabilities.
    public var temperature: Float
    /// Weight of the teacher's probabilities; 1 − alpha that of the labels.
    public var alpha: Float
    /// Weight of the teacher's hidden features beside those; 0 for none.
    public var hint: Float
    /// Classes that must be right.
    public var focus: Focus?
    public var classWeights: ClassWeights
    /// Different random changes of the windows that the teacher is asked about.
    public var copies: Int
    /// Largest share of another window blended in for the teacher and the student.
    public var teacherMixing: Float
    public var studentMixing: Float
    /// How strongly a warm-started student's weights are drawn back to its base's: keeps updates small.
    public var basePull: Float
    /// How reluctantly a warm-started student's values leave its base's, as a share of the learning rate below 1: moves that
    /// the loss does not ask for again and again go back.
    public var updateWeight: Float
    /// What the update from a base may take; as much as it takes if `nil`.
    public var updateBudget: UpdateBudget?
    /// Budgets that are tried besides: ``DistillationResult/updates``.
    public var updateCurve: [UpdateBudget]
    /// Whether a warm-started student's last layer alone is trained.
    public var updatesHeadOnly: Bool
    /// Share of the groups that is kept out of training, for validation and for calibrating the gate.
    public var validationShare: Double
    /// Ends a training of floats after so many epochs without a better score on the validation windows, and keeps the best
    /// epoch's weights; never if `nil`.
    public var patience: Int?
    /// About how many times a training is scored on the validation windows for its curve.
    public var validationPoints: Int
    /// Share of windows whose calibrated confidence is to be too low, so that they ask for a verdict.
    public var escalationShare: Double
    /// Random changes of windows; its axes are the task's.
    public var augmentation: Augmentation

    public init(
        seed: UInt64 = 1, threads: Int = min(ComputePool.processors, 8), teacherSpec: NetworkSpec? = nil,
        studentSpec: NetworkSpec? = nil, form: OutputLayout.Form? = nil, subclasses: Subclasses? = nil,
        recipe: CompressionRecipe = .int8, batch: Int = 64, teacherEpochs: Int? = nil, studentEpochs: Int? = nil,
        compressionEpochs: Int? = nil, quantisedEpochs: Int? = nil,
        optimiser: OptimiserKind = .adamW,
        course: LearningRateSchedule.Course = .cosine(), clipping: Float? = nil, teacherRate: Float = 8e-3,
        studentRate: Float = 2e-2, compressionRate: Float = 4e-3, quantisedRate: Float = 1e-3,
        weightDecay: Float = 0.05, smoothing: Float = 0.1,
        temperature: Float = 2, alpha: Float = 0.5, hint: Float = 0, focus: Focus? = nil,
        classWeights: ClassWeights = .uniform, copies: Int = 16, teacherMixing: Float = 0, studentMixing: Float = 0,
        basePull: Float = 0.1, updateWeight: Float = 0, updateBudget: UpdateBudget? = nil,
        updateCurve: [UpdateBudget] = [], updatesHeadOnly: Bool = false,
        validationShare: Double = 0.1, patience: Int? = nil, validationPoints: Int = 0,
        escalationShare: Double = 0.15, augmentation: Augmentation = Augmentation()
    ) {
        self.seed = seed
        self.threads = threads
        self.teacherSpec = teacherSpec
        self.studentSpec = studentSpec
        self.form = form
        self.subclasses = subclasses
        self.recipe = recipe
        self.batch = batch
        self.teacherEpochs = teacherEpochs
        self.studentEpochs = studentEpochs
        self.compressionEpochs = compressionEpochs
        self.quantisedEpochs = quantisedEpochs
        self.optimiser = optimiser
        self.course = course
        self.clipping = clipping
        self.teacherRate = teacherRate
        self.studentRate = studentRate
        self.compressionRate = compressionRate
        self.quantisedRate = quantisedRate
        self.weightDecay = weightDecay
        self.smoothing = smoothing
        self.temperature = temperature
        self.alpha = alpha
        self.hint = hint
        self.focus = focus
        self.classWeights = classWeights
        self.copies = copies
        self.teacherMixing = teacherMixing
        self.studentMixing = studentMixing
        self.basePull = basePull
        self.updateWeight = updateWeight
        self.updateBudget = updateBudget
        self.updateCurve = updateCurve
        self.updatesHeadOnly = updatesHeadOnly
        self.validationShare = validationShare
        self.patience = patience
        self.validationPoints = validationPoints
        self.escalationShare = escalationShare
        self.augmentation = augmentation
    }

    /// Passes over `windows` windows so that about `budget` are seen in all, within `range`.
    package static func epochs(_ budget: Int, _ windows: Int, _ range: ClosedRange<Int>) -> Int {
        min(max(budget / max(1, windows), range.lowerBound), range.upperBound)
    }
}
