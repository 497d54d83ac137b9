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
        /// From what the teacher says of subclasses; needs classes with superclasses, and is then about these.
        case subclass
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
        /// By seed: share of test windows on which student and teacher give the same answer; empty without classes.
        public var agreements: [Double]
        public var mean: Double { Self.mean(qualities) }
        /// Standard deviation over seeds; 0 for one.
        public var deviation: Double {
            guard qualities.count > 1 else { return 0 }
            let squares = qualities.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (squares / Double(qualities.count - 1)).squareRoot()
        }
        public var agreement: Double? { agreements.isEmpty ? nil : Self.mean(agreements) }

        private static func mean(_ values: [Double]) -> Double {
            values.reduce(0, +) / Double(max(1, values.count))
        }
    }

    public struct Report: Sendable, Equatable {
        /// ``Scores/quality`` of each seed's teacher.
        public var teachers: [Double]
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
    /// Teachers of an ensemble.
    public let ensemble: Int
    /// Weight of hints where they are used.
    public let hint: Float

    /// - Throws: `DistillationError` where a method does not go with the task.
    public init(
        task: TaskDocument, options: DistillationOptions = DistillationOptions(),
        methods: [Method] = [.labels, .logits, .hint, .ensemble], seeds: [UInt64] = [1, 2, 3], ensemble: Int = 2,
        hint: Float = 0.5
    ) throws(DistillationError) {
        precondition(!methods.isEmpty && !seeds.isEmpty && ensemble > 1, "methods, seeds and an ensemble to compare")
        if methods.contains(.subclass) {
            _ = try OutputLayout(task: task, subclasses: .known)
        }
        self.task = task
        self.options = options
        self.methods = methods
        self.seeds = seeds
        self.ensemble = ensemble
        self.hint = hint
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
            teachers: [], rows: methods.map { Row(method: $0, qualities: [], agreements: []) },
            trainingWindows: training.count, testWindows: test.count, seconds: 0)
        for (position, seed) in seeds.enumerated() {
            try compare(position, seed, training, test, observer, &report)
        }
        report.seconds = (clock.now - began) / .seconds(1)
        return report
    }

    private func compare(
        _ position: Int, _ seed: UInt64, _ training: LabelledWindows, _ test: LabelledWindows, _ observer: Observer?,
        _ report: inout Report
    ) throws(DistillationError) {
        func observing(_ what: String) -> DistillationObserver? {
            observer.map { observer in { observer(position, what, $0) } }
        }
        var plain = options
        plain.seed = seed
        let distiller = try Distiller(task: task, options: plain)
        var teachers: [TrainedTeacher] = []
        for number in 0..<(methods.contains(.ensemble) ? ensemble : 1) {
            var other = plain
            other.seed = seed &+ UInt64(number) &* 1000
            teachers.append(
                try Distiller(task: task, options: other).trainTeacher(
                    training, observer: observing(number == 0 ? "teacher" : "teacher \(number + 1)")
                ).teacher)
        }
        let answers = Self.logits(of: teachers[0], test)
        let layout = distiller.outputLayout
        report.teachers.append(Scores(answers, test, layout.withoutSuperclasses)?.quality ?? 0)
        var distilled: Student?
        for index in report.rows.indices {
            let method = report.rows[index].method
            var options = plain
            if method == .hint { options.hint = hint }
            if method == .subclass { options.subclasses = .known }
            var guidance = Guidance.teachers([teachers[0]])
            switch method {
            case .labels: guidance = .none
            case .ensemble: guidance = .teachers(teachers)
            case .selfDistillation:
                if distilled == nil {
                    distilled = try distiller.distill(guidance, windows: training, observer: observing("student"))
                        .student
                }
                if let distilled { guidance = .teachers([try TrainedTeacher(of: distilled)]) }
            default: break
            }
            let maker = try Distiller(task: task, options: options)
            let made = try maker.distill(guidance, windows: training, observer: observing(method.rawValue)).student
            if method == .logits { distilled = made }
            let logits = try made.logits(test, threads: options.threads)
            report.rows[index].qualities.append(Scores(logits, test, maker.deployedLayout)?.quality ?? 0)
            if let agreement = Self.agreement(answers, maker.outputLayout, logits, maker.deployedLayout) {
                report.rows[index].agreements.append(agreement)
            }
        }
    }

    private static func logits(of teacher: TrainedTeacher, _ windows: LabelledWindows) -> [Float] {
        let pool = ComputePool(threads: 1)
        return NetworkEvaluator(teacher.weights, Normaliser(teacher.normalisation), pool: pool).logits(windows)
    }

    /// Share of windows on which two answer alike by the first head; nothing for values.
    static func agreement(_ a: [Float], _ layoutA: OutputLayout, _ b: [Float], _ layoutB: OutputLayout) -> Double? {
        guard let headA = layoutA.heads.first, let headB = layoutB.heads.first, headA.form != .value, !a.isEmpty else {
            return nil
        }
        let rows = a.count / layoutA.outputs
        let same = (0..<rows).count { row in
            headA.classIndex(a[row * layoutA.outputs..<(row + 1) * layoutA.outputs])
                == headB.classIndex(b[row * layoutB.outputs..<(row + 1) * layoutB.outputs])
        }
        return Double(same) / Double(rows)
    }
}
