public import Distillation
public import Energy
public import Recordings

/// What a study is made of and how.
public struct StudyOptions: Sendable {
    /// A length of time, or a number of samples.
    public enum Extent: Sendable, Equatable {
        case samples(Int)
        case seconds(Double)

        /// Reads `100` (samples) or `5s` (seconds).
        public init?(_ text: String) {
            if text.hasSuffix("s"), let seconds = Double(text.dropLast()), seconds > 0, seconds.isFinite {
                self = .seconds(seconds)
            } else if let samples = Int(text), samples >= 1 {
                self = .samples(samples)
            } else {
                return nil
            }
        }

        /// In samples, at least one.
        func samples(at rate: Double) -> Int {
            switch self {
            case .samples(let count): count
            case .seconds(let seconds): max(1, Int(min((seconds * rate).rounded(), 1e9)))
            }
        }
    }

    /// Files and folders of readings.
    public var paths: [String]
    public var layout: ReadingsLayout
    /// Second table, joined by the layout's key.
    public var conditions: String?
    /// The label is a number to be predicted.
    public var isRegression = false
    /// Five seconds, at least 20 samples, if `nil`; one row where the readings have no times.
    public var window: Extent?
    /// Half a window if `nil`.
    public var step: Extent?
    /// Groups or files to test with, `*` for any characters; by hash if empty.
    public var testPatterns: [String] = []
    /// Share of groups, or of time, to test with where no pattern is given.
    public var testShare = 0.25
    /// Of the task; from the first file's name if `nil`.
    public var name: String?
    public var profile: DeviceProfile = .x86Gateway
    /// Limits of the student.
    public var parameters = 4000
    public var bytes = 16_384
    /// Whether channels named x, y and z alike are taken as vectors in space, which training may rotate.
    public var findsAxes = true
    /// Whether a student of the same size is also trained from labels alone.
    public var trainsBaseline = true
    /// Seeds from which the methods of distillation are compared; 0 for no comparison.
    public var comparedSeeds = 0
    /// Methods to compare; all that the task allows if empty.
    public var comparedMethods: [DistillationComparison.Method] = []
    /// Groups whose labels the compared students may see; all if `nil`.
    public var labelledGroups: Int?
    /// Superclass of classes, by name: the comparison is then made for these too.
    public var superclasses: [String: String] = [:]
    /// Classes that must be right: a student with that focus is trained too, and set beside the one without.
    public var focus: [String] = []
    /// Weight of a window of these classes.
    public var focusWeight: Float = 3
    /// A teacher that was trained before, here or elsewhere: then none is trained.
    public var trainedTeacher: TrainedTeacher?
    /// Names of that teacher's outputs, where they are known.
    public var trainedTeacherClasses: [String] = []
    /// A deployed student to go on from, on its grid.
    public var base: Distiller.Base?
    /// Networks to train instead of the ones that fit the task.
    public var teacher: NetworkChoice?
    public var student: NetworkChoice?
    /// A fifth of the usual passes over the data, where no number is given.
    public var isQuick = false
    public var distillation = DistillationOptions()
    /// Where each training is kept after every pass, so that a study that was killed goes on; nowhere if `nil`.
    public var checkpoints: (@Sendable (StudyReport.Role) -> Checkpoints)?

    public init(paths: [String], layout: ReadingsLayout) {
        self.paths = paths
        self.layout = layout
    }
}
