import Compression
public import ModelArtifact
public import NeuralNetwork

/// Trains teachers for a task and distills them into int8 students.
///
/// Every call blocks and computes on threads of its own: make it from a thread that may wait, never from the pool of Swift
/// concurrency.
public struct Distiller: Sendable {
    public let task: TaskDocument
    public let options: DistillationOptions

    /// A deployed student to go on from.
    public struct Base: Sendable {
        public var student: Student
        /// SHA-256 of its file, in hexadecimal.
        public var digest: String
        public init(student: Student, digest: String) {
            self.student = student
            self.digest = digest
        }
    }

    private let layout: OutputLayout
    private let checkpoints: Checkpoints?

    /// - Parameter checkpoints: where trainings are kept after each epoch; nowhere if `nil`.
    /// - Throws: `DistillationError` where options and task do not go together.
    public init(
        task: TaskDocument, options: DistillationOptions = DistillationOptions(), checkpoints: Checkpoints? = nil
    ) throws(DistillationError) {
        precondition(
            options.threads > 0 && options.batch > 0 && options.copies > 0, "threads, batch and copies above 0")
        self.task = task
        self.options = options
        self.checkpoints = checkpoints
        let outputs = (options.studentSpec ?? options.teacherSpec).map(\.outputs)
        layout = try OutputLayout(task: task, outputs: outputs, form: options.form, subclasses: options.subclasses)
        for (name, spec) in [("teacher", options.teacherSpec), ("student", options.studentSpec)] {
            if let spec { try Self.check(spec, name, task, layout) }
        }
        if let focus = options.focus {
            guard task.kind == .classification, focus.classes.allSatisfy(task.classes.indices.contains) else {
                throw DistillationError(.unsupportedTask, "the focus must name classes of a classification")
            }
        }
    }

    private static func check(
        _ spec: NetworkSpec, _ name: String, _ task: TaskDocument, _ layout: OutputLayout
    ) throws(DistillationError) {
        do throws(ArtifactError) { try spec.validate() } catch {
            throw DistillationError(.badNetwork, "the \(name)'s network: \(error)")
        }
        guard spec.samples == task.window, spec.channels == task.channels.count, spec.outputs == layout.outputs else {
            throw DistillationError(
                .badNetwork,
                "the \(name)'s network makes \(spec.outputs) outputs of \(spec.samples) × \(spec.channels) values; "
                    + "\(layout.outputs) of \(task.window) × \(task.channels.count) are needed")
        }
        guard case .dense = spec.layers.last else {
            throw DistillationError(.badNetwork, "the last layer of the \(name)'s network must be dense")
        }
    }

    /// What the outputs of teacher and student stand for while they are trained.
    public var outputLayout: OutputLayout { layout }

    /// What the outputs of a deployed student stand for: one logit of two classes has become two.
    public var deployedLayout: OutputLayout { layout.deployed }

    /// Trains a teacher on all but the validation groups.
    ///
    /// - Parameter windows: in raw units, of the task's window and channels.
    /// - Throws: `DistillationError`, also when the observer cancels.
    public func trainTeacher(
        _ windows: LabelledWindows, observer: DistillationObserver? = nil
    ) throws(DistillationError) -> TeacherResult {
        try check(windows, needsTargets: true)
        let clock = ContinuousClock()
        let began = clock.now
        let pool = ComputePool(threads: options.threads)
        let split = windows.split(validation: options.validationShare)
        let layout = layout.withoutSuperclasses
        let trainer = TeacherTrainer(
            spec: options.teacherSpec ?? .teacher(for: task, outputs: layout.outputs), layout: layout,
            options: options, augmentation: augmentation, pool: pool, task: task, checkpoints: checkpoints)
        let held = windows.selecting(split.validation)
        let trained = try trainer.train(on: windows, indices: split.training, held: held, observer: observer)
        let evaluator = NetworkEvaluator(
            trained.teacher.weights, Normaliser(trained.teacher.normalisation), pool: pool)
        let seen = windows.selecting(split.training)
        return TeacherResult(
            teacher: trained.teacher, training: Scores(evaluator.logits(seen), seen, layout),
            validation: Scores(evaluator.logits(held), held, layout), trainingWindows: split.training.count,
            validationWindows: held.count, curve: trained.curve, seconds: (clock.now - began) / .seconds(1))
    }

    /// Distills a teacher into a student and quantises it.
    public func distill(
        _ teacher: TrainedTeacher, windows: LabelledWindows, from base: Base? = nil,
        observer: DistillationObserver? = nil
    ) throws(DistillationError) -> DistillationResult {
        try distill(.teachers([teacher]), windows: windows, from: base, observer: observer)
    }

    /// Trains a student on labels and what teachers think, and quantises it.
    ///
    /// With a base whose network fits the task, training goes on from its weights on its int8 grid, so that most weights
    /// stay the same integers; with any other base, or none, it starts anew.
    ///
    /// - Parameters:
    ///   - guidance: what is learned besides labels; windows without a label follow it alone.
    ///   - windows: in raw units; those of which neither label nor answer is known are left out.
    /// - Throws: `DistillationError`, also when the observer cancels.
    public func distill(
        _ guidance: Guidance, windows: LabelledWindows, from base: Base? = nil, observer: DistillationObserver? = nil
    ) throws(DistillationError) -> DistillationResult {
        var needsTargets = false
        if case .none = guidance { needsTargets = true }
        try check(windows, needsTargets: needsTargets)
        try check(guidance, windows)
        var deployed = task
        if case .invented(let invention) = options.subclasses { deployed = task.dividing(into: invention.perClass) }
        let distillation = StudentDistillation(
            task: deployed, spec: options.studentSpec ?? studentSpec, layout: layout,
            options: options, augmentation: augmentation, guidance: guidance, windows: windows,
            pool: ComputePool(threads: options.threads), observer: observer, checkpoints: checkpoints)
        do {
            return try distillation.run(base: base)
        } catch let error as DistillationError {
            throw error
        } catch {
            throw DistillationError(.badNetwork, "\(error)")
        }
    }

    /// As wide as the task's limit allows when the recipe is through.
    private var studentSpec: NetworkSpec {
        .student(
            for: task, outputs: layout.outputs,
            parameters: Int(Double(task.student.parameters) / options.recipe.keptShare))
    }

    private func check(_ guidance: Guidance, _ windows: LabelledWindows) throws(DistillationError) {
        switch guidance {
        case .none: break
        case .teachers(let teachers):
            guard !teachers.isEmpty else {
                throw DistillationError(.badTeacher, "an ensemble has at least one teacher")
            }
            for teacher in teachers {
                guard teacher.spec.samples == task.window, teacher.spec.channels == task.channels.count,
                    teacher.spec.outputs == layout.outputs
                else {
                    throw DistillationError(.badTeacher, "the teacher is one of another window, channels or classes")
                }
            }
        case .answers(let answers):
            guard answers.count == windows.count, answers.outputs == layout.outputs else {
                throw DistillationError(
                    .badTeacher,
                    "\(answers.count) answers of \(answers.outputs) outputs for \(windows.count) windows and "
                        + "\(layout.outputs) outputs")
            }
        }
    }

    private func check(_ windows: LabelledWindows, needsTargets: Bool) throws(DistillationError) {
        guard windows.samples == task.window, windows.channels == task.channels.count else {
            throw DistillationError(
                .badData,
                "windows of \(windows.samples) × \(windows.channels) for a task of \(task.window) × "
                    + "\(task.channels.count)")
        }
        guard windows.heads == layout.heads.count else {
            throw DistillationError(
                .badData, "\(windows.heads) targets a window for a task of \(layout.heads.count) heads")
        }
        for (position, head) in layout.heads.enumerated() {
            var seen = Set<Float>()
            for index in 0..<windows.count {
                let target = windows.target(index, head: position)
                if !target.isNaN, head.form == .value || seen.count < 2 { seen.insert(target) }
                guard head.form == .value || target.isNaN || (0..<Float(head.classOfLabel.count)).contains(target)
                else {
                    throw DistillationError(
                        .badData, "a label is none of the \(head.classOfLabel.count) classes of \(head.name)")
                }
            }
            guard !needsTargets || seen.count >= 2 else {
                throw DistillationError(
                    .badData,
                    head.form == .value
                        ? "windows of at least two values of \(head.name) are needed"
                        : "windows of at least two classes of \(head.name) are needed")
            }
        }
    }

    /// The options' random changes about the task's axes.
    var augmentation: Augmentation {
        var result = options.augmentation
        result.axes = task.axisIndices
        // A task that wants a student for absent channels gets one, also where nobody chose a share.
        if task.missingChannel == .dropout, result.channelDropout == 0 { result.channelDropout = 0.15 }
        return result
    }
}
