public import ModelArtifact
public import NeuralNetwork

/// What distillation gives, measured: students of the same size, epochs and random changes, each made in another way and
/// from several seeds.
public struct DistillationComparison: Sendable {
    /// A way of making a student.
    public enum Method: String, Sendable, CaseIterable {
        /// From labels alone.
        case labels
        /// From a teacher's softened probabilities (or values) and labels.
        case logits
        /// The same, and from the teacher's hidden features.
        case hint
        /// From what a teacher that knows the classes of a superclass says of them; only where superclasses are compared.
        case subclass
        /// From what a teacher says of subclasses that it found by itself.
        case invented
        /// From several teachers' mean logits.
        case ensemble
        /// From the student made from logits before, as the teacher of its equal.
        case selfDistillation = "self"
    }

    /// What came of one method.
    public struct Row: Sendable, Equatable {
        public var method: Method
        /// By seed: ``Scores/quality`` on the windows kept for testing.
        public var qualities: [Double]
        /// By seed: that of the method's teachers together; empty for labels alone.
        public var teachers: [Double]
        /// By seed: share of test windows on which student and teacher give the same answer; empty without classes.
        public var agreements: [Double]
        public var mean: Double { Self.mean(qualities) }
        /// Standard deviation over seeds; 0 for one.
        public var deviation: Double {
            guard qualities.count > 1 else { return 0 }
            let squares = qualities.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(qualities.count - 1)).squareRoot()
        }
        public var teacherMean: Double { Self.mean(teachers) }
        public var agreement: Double? { agreements.isEmpty ? nil : Self.mean(agreements) }

        private static func mean(_ values: [Double]) -> Double {
            values.reduce(0, +) / Double(max(1, values.count))
        }
    }

    public struct Report: Sendable, Equatable {
        /// ``Scores/quality`` of each seed's teacher.
        public var teachers: [Double]
        /// Whether classes are the task's superclasses.
        public var comparesSuperclasses: Bool
        public var rows: [Row]
        public var trainingWindows: Int
        public var testWindows: Int
        public var seconds: Double

        public func row(_ method: Method) -> Row? { rows.first { $0.method == method } }
    }

    public let task: TaskDocument
    public let options: DistillationOptions
    public let methods: [Method]
    public let seeds: [UInt64]
    /// Whether every method is to be right about the task's superclasses, whose labels alone it has; only
    /// ``Method/subclass`` has a teacher that learned from the labels of the classes.
    public let comparesSuperclasses: Bool
    /// Networks of an ensemble's teachers beside the first: the same one from two seeds if empty.
    public let ensemble: [NetworkSpec]
    /// Weight of hints where they are used.
    public let hint: Float
    /// Groups whose labels students may see; all if `nil`. Teachers see all labels, so that students with a teacher learn
    /// from what it says of the other groups.
    public let labelledGroups: Int?

    /// - Throws: `DistillationError` where a method does not go with the task.
    public init(
        task: TaskDocument, options: DistillationOptions = DistillationOptions(),
        methods: [Method] = [.labels, .logits, .hint, .ensemble], seeds: [UInt64] = [1, 2, 3],
        comparesSuperclasses: Bool = false, ensemble: [NetworkSpec] = [], hint: Float = 0.5, labelledGroups: Int? = nil
    ) throws(DistillationError) {
        precondition(!methods.isEmpty && !seeds.isEmpty, "methods and seeds to compare")
        if comparesSuperclasses {
            _ = try OutputLayout(task: task, subclasses: .known)
        } else if methods.contains(.subclass) {
            throw DistillationError(
                .unsupportedTask, "students of known subclasses are compared by superclasses; the others have none")
        }
        self.task = task
        self.options = options
        self.methods = methods
        self.seeds = seeds
        self.comparesSuperclasses = comparesSuperclasses
        self.ensemble = ensemble
        self.hint = hint
        self.labelledGroups = labelledGroups
    }

    /// Called as a training goes on: the seed's number among ``seeds``, what is being made, how far it is. Returning
    /// `false` cancels.
    public typealias Observer = (_ seed: Int, _ what: String, DistillationProgress) -> Bool

    /// Trains everything; blocks for as long as that takes.
    ///
    /// - Parameters:
    ///   - training: windows to train and validate on.
    ///   - test: windows that are looked at for the scores alone.
    /// - Throws: `DistillationError`, also when the observer cancels.
    public func run(
        training: LabelledWindows, test: LabelledWindows, observer: Observer? = nil
    ) throws(DistillationError) -> Report {
        let clock = ContinuousClock()
        let began = clock.now
        var report = Report(
            teachers: [], comparesSuperclasses: comparesSuperclasses,
            rows: methods.map { Row(method: $0, qualities: [], teachers: [], agreements: []) },
            trainingWindows: training.count, testWindows: test.count, seconds: 0)
        for (position, seed) in seeds.enumerated() {
            var turn = ComparisonTurn(self, seed: seed, training: training, test: test) { what in
                observer.map { observer in { observer(position, what, $0) } }
            }
            report.teachers.append(try turn.teacher(of: .logits).quality)
            for index in report.rows.indices { try turn.add(to: &report.rows[index]) }
        }
        report.seconds = (clock.now - began) / .seconds(1)
        return report
    }
}
