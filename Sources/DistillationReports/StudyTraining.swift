import Distillation
import ModelArtifact
import NeuralNetwork

/// Trains what a study compares, and notes the losses of every pass.
struct StudyTraining {
    let data: StudyData
    private let options: DistillationOptions
    private let checkpoints: (@Sendable (StudyReport.Role) -> Checkpoints)?
    private let observer: StudyObserver
    private let trainedTeacher: TrainedTeacher?
    private let trainedTeacherClasses: [String]
    private let base: Distiller.Base?

    /// Scores on the validation groups that a curve has.
    private static let validationPoints = 12

    init(data: StudyData, options: StudyOptions, observer: @escaping StudyObserver) {
        self.data = data
        self.observer = observer
        checkpoints = options.checkpoints
        trainedTeacher = options.trainedTeacher
        trainedTeacherClasses = options.trainedTeacherClasses
        base = options.base
        var training = options.distillation
        training.validationPoints = Self.validationPoints
        if options.isQuick {
            let count = data.training.count
            training.teacherEpochs = training.teacherEpochs ?? DistillationOptions.epochs(18_000, count, 2...12)
            training.studentEpochs = training.studentEpochs ?? DistillationOptions.epochs(90_000, count, 8...60)
            training.quantisedEpochs = training.quantisedEpochs ?? DistillationOptions.epochs(22_000, count, 2...12)
        }
        let isSingle = options.isSingleOutput(data.task)
        training.teacherSpec = options.teacher?.spec(data.task, isSingle: isSingle)
        training.studentSpec = options.student?.spec(data.task, isSingle: isSingle) ?? options.base?.student.spec
        self.options = training
    }

    /// A trained network with how it came about.
    struct Trained<Network> {
        var network: Network
        var curve: [EpochRecord]
        var seconds: Double
        /// How a student was made.
        var distillation: DistillationReport?
        /// What it became within other budgets.
        var updates: [BudgetedUpdate] = []
    }

    func teacher() throws -> Trained<TrainedTeacher> {
        if let trainedTeacher {
            try check(trainedTeacher.spec)
            return Trained(network: trainedTeacher, curve: [], seconds: 0)
        }
        let distiller = try Distiller(task: data.task, options: options, checkpoints: checkpoints?(.teacher))
        let result = try watching { try distiller.trainTeacher(data.training) { tell($0, .teacher, .teacher) } }
        return Trained(network: result.teacher, curve: result.curve, seconds: result.seconds)
    }

    /// A teacher from elsewhere must have been made for windows and classes like these.
    private func check(_ spec: NetworkSpec) throws(StudyError) {
        let (window, channels) = (data.task.window, data.task.channels.count)
        let outputs = options.studentSpec?.outputs ?? data.task.outputs
        guard spec.samples == window, spec.channels == channels, spec.outputs == outputs else {
            throw StudyError(
                .options,
                "the given teacher takes windows of \(spec.samples) × \(spec.channels) and has \(spec.outputs) outputs; "
                    + "the data make windows of \(window) × \(channels) (--window, --ignore) and \(outputs) outputs")
        }
        let classes = data.task.classes.map(\.name)
        guard trainedTeacherClasses.isEmpty || classes.isEmpty || trainedTeacherClasses == classes else {
            throw StudyError(
                .options,
                "the given teacher answers with \(trainedTeacherClasses.joined(separator: ", ")), in this order; the data "
                    + "have \(classes.joined(separator: ", "))")
        }
    }

    /// A student of the teacher, or (without one) of labels alone: same size, passes and random changes.
    func student(_ teacher: TrainedTeacher?) throws -> Trained<Student> {
        var options = options
        if teacher == nil { options.updateCurve = [] }
        let distiller = try Distiller(
            task: data.task, options: options, checkpoints: checkpoints?(teacher == nil ? .baseline : .student))
        let guidance = teacher.map { Guidance.teachers([$0]) } ?? .none
        let result = try watching {
            try distiller.distill(guidance, windows: data.training, from: base) {
                tell($0, teacher == nil ? .baseline : .student, teacher == nil ? .baselineGrid : .studentGrid)
            }
        }
        guard base == nil || result.report.warmStarted else {
            throw StudyError(
                .options,
                "the base has other channels, classes or another window than the data: no update can lead on from it")
        }
        return Trained(
            network: result.student, curve: result.report.curve, seconds: result.report.seconds,
            distillation: result.report, updates: result.updates)
    }

    /// A student that must be right about some classes.
    func focused(_ teacher: TrainedTeacher, on classes: [Int], weight: Float) throws -> Student {
        var options = options
        options.focus = Focus(classes: classes, weight: weight)
        let distiller = try Distiller(task: data.task, options: options)
        return try watching {
            try distiller.distill(teacher, windows: data.training) { tell($0, .focus, .focusGrid) }
        }.student
    }

    /// Methods, each from several seeds.
    ///
    /// - Parameter superclasses: compares students that tell the superclasses apart.
    func comparison(_ study: StudyOptions, superclasses: Bool = false) throws -> DistillationComparison.Report {
        let seeds = study.comparedSeeds
        let possible = superclasses ? [.labels, .logits, .subclass, .invented] : methods
        let comparison = try DistillationComparison(
            task: data.task, options: options,
            methods: superclasses || study.comparedMethods.isEmpty ? possible : study.comparedMethods,
            seeds: (0..<seeds).map { options.seed &+ UInt64($0) }, comparesSuperclasses: superclasses,
            labelledGroups: study.labelledGroups)
        return try watching {
            try comparison.run(training: data.training, test: data.test) { seed, what, progress in
                observer(
                    StudyProgress(
                        stage: .comparison, detail: "seed \(seed + 1) of \(seeds): \(what)",
                        fraction: progress.fraction, loss: progress.loss, secondsLeft: progress.secondsLeft))
            }
        }
    }

    /// The methods that the task allows.
    private var methods: [DistillationComparison.Method] {
        // Hints are given to a hidden layer.
        let student = options.studentSpec ?? .student(for: data.task)
        // The one logit of two classes is deployed as two, which is no teacher for the one.
        let isSplit = data.task.kind == .classification && student.outputs == 1
        return [.labels, .logits] + (student.featureLayer == nil ? [] : [.hint]) + [.ensemble]
            + (isSplit ? [] : [.selfDistillation])
    }

    private func tell(
        _ progress: DistillationProgress, _ stage: StudyProgress.Stage, _ grid: StudyProgress.Stage
    ) -> Bool {
        observer(
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
