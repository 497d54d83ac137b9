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

    /// - Throws: `DistillationError.unsupportedTask` for anything but classification.
    public init(task: TaskDocument, options: DistillationOptions = DistillationOptions()) throws(DistillationError) {
        guard task.kind == .classification, task.classes.count >= 2 else {
            throw DistillationError(.unsupportedTask, "only classification can be distilled so far")
        }
        precondition(
            options.threads > 0 && options.batch > 0 && options.copies > 0, "threads, batch and copies above 0")
        self.task = task
        self.options = options
    }

    /// Trains a teacher on all but the validation groups.
    ///
    /// - Parameter windows: in raw units, of the task's window and channels.
    /// - Throws: `DistillationError`, also when the observer cancels.
    public func trainTeacher(
        _ windows: LabelledWindows, observer: DistillationObserver? = nil
    ) throws(DistillationError) -> TeacherResult {
        try check(windows)
        let clock = ContinuousClock()
        let began = clock.now
        let pool = ComputePool(threads: options.threads)
        let split = windows.split(validation: options.validationShare)
        let trainer = TeacherTrainer(
            spec: .teacher(for: task), options: options, augmentation: augmentation, pool: pool)
        let trained = try trainer.train(on: windows, indices: split.training, observer: observer)
        let held = windows.selecting(split.validation)
        let evaluator = NetworkEvaluator(
            trained.teacher.weights, Normaliser(trained.teacher.normalisation), pool: pool)
        return TeacherResult(
            teacher: trained.teacher, validationAccuracy: accuracy(evaluator.logits(held), held),
            trainingWindows: split.training.count, validationWindows: held.count, loss: trained.loss,
            epochs: trained.epochs, seconds: (clock.now - began) / .seconds(1))
    }

    /// Distills a teacher into a student and quantises it.
    ///
    /// With a base whose network fits the task, training goes on from its weights on its int8 grid, so that most weights
    /// stay the same integers; with any other base, or none, it starts anew.
    ///
    /// - Throws: `DistillationError`, also when the observer cancels.
    public func distill(
        _ teacher: TrainedTeacher, windows: LabelledWindows, from base: Base? = nil,
        observer: DistillationObserver? = nil
    ) throws(DistillationError) -> DistillationResult {
        try check(windows)
        guard teacher.spec.samples == task.window, teacher.spec.channels == task.channels.count,
            teacher.spec.outputs == task.outputs
        else { throw DistillationError(.badTeacher, "the teacher is one of another window, channels or classes") }
        let distillation = StudentDistillation(
            task: task, options: options, augmentation: augmentation, teacher: teacher, windows: windows,
            pool: ComputePool(threads: options.threads), observer: observer)
        do {
            return try distillation.run(base: base)
        } catch let error as DistillationError {
            throw error
        } catch {
            throw DistillationError(.badNetwork, "\(error)")
        }
    }

    private func check(_ windows: LabelledWindows) throws(DistillationError) {
        guard windows.samples == task.window, windows.channels == task.channels.count else {
            throw DistillationError(
                .badData,
                "windows of \(windows.samples) × \(windows.channels) for a task of \(task.window) × "
                    + "\(task.channels.count)")
        }
        guard windows.labels.allSatisfy({ $0 < task.classes.count }) else {
            throw DistillationError(.badData, "a label is none of the task's \(task.classes.count) classes")
        }
        guard Set(windows.labels.filter { $0 >= 0 }).count >= 2 else {
            throw DistillationError(.badData, "windows of at least two classes are needed")
        }
    }

    /// The options' random changes about the task's axes.
    private var augmentation: Augmentation {
        var result = options.augmentation
        result.axes = task.axes.map { group in
            group.compactMap { name in task.channels.firstIndex { $0.name == name } }
        }.filter { $0.count == 3 }
        return result
    }
}

/// Share of labelled windows whose largest logit is their label's; `nil` if no window has a label.
func accuracy(_ logits: [Float], _ windows: LabelledWindows) -> Double? {
    let rows = (0..<windows.count).filter { windows.labels[$0] >= 0 }
    guard !rows.isEmpty else { return nil }
    let classes = logits.count / windows.count
    let right = rows.count { row in
        let scores = logits[row * classes..<(row + 1) * classes]
        return scores.indices.max { scores[$0] < scores[$1] } == row * classes + windows.labels[row]
    }
    return Double(right) / Double(rows.count)
}
