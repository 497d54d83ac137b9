import Compression
import Inference
import ModelArtifact
import NeuralNetwork

/// One student from start to end: float training or a base's weights, the grid, fine-tuning on it, gate and golden vectors.
struct StudentDistillation {
    /// As the student answers it.
    let task: TaskDocument
    /// The network to be deployed.
    let spec: NetworkSpec
    let layout: OutputLayout
    let options: DistillationOptions
    let augmentation: Augmentation
    let guidance: Guidance
    let windows: LabelledWindows
    let pool: ComputePool
    let observer: DistillationObserver?
    let checkpoints: Checkpoints?

    func run(base: Distiller.Base?) throws -> DistillationResult {
        let clock = ContinuousClock()
        let began = clock.now
        let split = windows.split(validation: options.validationShare)
        let held = windows.selecting(split.validation)
        let fitting = base.flatMap { fits($0.student) ? $0 : nil }
        let normaliser = fitting.map { Normaliser($0.student.normalisation) } ?? Normaliser(of: windows)
        let answered = try guidance.completing(windows, layout)
        let scale =
            fitting.map { DeployedForm.scale(of: $0.student) } ?? TargetScale(of: answered, split.training, layout)
        let trainer = try makeTrainer(split.training, normaliser, scale)
        let start = try fitting.map { try warmStart($0.student, trainer) } ?? coldStart(trainer, held)
        let scored = held.count > 0 ? split.validation : split.training
        let tuning = GridTuning(
            distillation: self, start: start, trainer: tuner(trainer), held: held,
            base: fitting?.student
        ) { form, grid in
            try student(form, grid, normaliser, answered.selecting(scored), base: fitting)
        }
        let tuned = try tuning.run()
        let deployed = layout.deployed
        let report = DistillationReport(
            teacher: teacherScores(held), float: start.floatScores,
            int8: held.count > 0 ? Scores(try tuned.student.logits(held), held, deployed) : nil,
            trainingWindows: split.training.count, validationWindows: held.count, curve: start.curve + tuned.curve,
            stages: start.stages, brokenBy: tuned.brokenBy, seconds: (clock.now - began) / .seconds(1),
            warmStarted: fitting != nil, renewedLayers: start.renewed.union(tuned.renewed).sorted(),
            changedWeights: fitting.map { tuned.student.changedWeights(from: $0.student) },
            updateBytes: tuned.updateBytes)
        return DistillationResult(student: tuned.student, report: report, updates: tuned.updates)
    }

    /// A student of trained integers, with its gate and golden vectors.
    private func student(
        _ form: DeployedForm, _ grid: Int8Grid, _ normaliser: Normaliser, _ scored: LabelledWindows,
        base: Distiller.Base?
    ) throws -> Student {
        var student = Student(
            task: task, spec: form.spec, normalisation: normaliser.normalisation, inputScale: grid.inputScale,
            layers: form.layers, gate: Student.Gate(temperature: 1, threshold: 0), golden: [], base: base?.digest)
        student.gate = GateCalibration.gate(
            logits: try student.logits(scored), scored, layout.deployed, escalationShare: options.escalationShare)
        student.golden = goldenInputs(student, base).map { input in
            Student.GoldenVector(input: input, logits: ReferenceInference.logits(student, quantised: input))
        }
        return student
    }

    /// Whether a base's network computes what the task asks for within its limits.
    private func fits(_ base: Student) -> Bool {
        base.task.channels == task.channels && base.task.window == task.window && base.task.classes == task.classes
            && base.task.kind == task.kind && base.task.heads == task.heads
            // What a recipe makes of the network is known only afterwards.
            && (base.spec == spec || options.recipe.changesNetwork)
    }

    private func makeTrainer(
        _ indices: [Int], _ normaliser: Normaliser, _ scale: TargetScale
    ) throws(DistillationError) -> StudentTrainer {
        // Windows of which neither label nor answer is known teach nothing.
        let usable = indices.filter { windows.isLabelled($0) || guidance.speaks(of: $0, outputs: layout.outputs) }
        let batch = min(options.batch, usable.count)
        let shards = min(options.threads, batch)
        let hintLayer = try hintLayer()
        let memory = TeacherMemory(
            guidance, windows: windows.count, outputs: layout.outputs, copies: options.copies, batch: batch,
            shards: shards, featureLayer: hintLayer)
        let feeder = WindowFeeder(
            windows: windows, indices: usable, augmentation: augmentation, mixing: options.studentMixing,
            normaliser: normaliser)
        return StudentTrainer(
            windows: windows, indices: usable, feeder: feeder, memory: memory, normaliser: normaliser,
            objective: Objective(
                layout: layout, scale: scale,
                classWeights: options.classWeights.factors(counts: layout.classCounts(windows, usable))),
            hint: hintLayer.map { hint(layer: $0, memory, shards: shards, usable) }, options: options, pool: pool)
    }

    /// Layer of the first teacher that hints are taken from; `nil` where none are asked for.
    private func hintLayer() throws(DistillationError) -> Int? {
        guard options.hint > 0 else { return nil }
        guard case .teachers(let teachers) = guidance, let layer = teachers.first?.spec.featureLayer,
            spec.featureLayer != nil
        else {
            throw DistillationError(
                .badNetwork, "hints need a teacher's network and a hidden layer before the last dense one of both")
        }
        return layer
    }

    private func hint(layer: Int, _ memory: TeacherMemory, shards: Int, _ indices: [Int]) -> Hint {
        let extents = spec.extents
        let inputs = spec.featureLayer.map { extents[$0 + 1].count } ?? 1
        var meanSquare: Float = 1
        if case .teachers(let teachers) = guidance, let teacher = teachers.first {
            meanSquare = teacher.featureMeanSquare(windows, indices, layer: layer)
        }
        return Hint(
            weight: options.hint, inputs: inputs, outputs: memory.featureCount, meanSquare: meanSquare, shards: shards,
            seed: options.seed)
    }

    private func teacherScores(_ held: LabelledWindows) -> Scores? {
        guard case .teachers(let teachers) = guidance, held.count > 0 else { return nil }
        return Scores(teachers.meanLogits(held, pool: pool), held, layout)
    }

    /// Inputs of the golden vectors: a base's own, so that an update need not carry others.
    private func goldenInputs(_ student: Student, _ base: Distiller.Base?) -> [[UInt8]] {
        if let base, !base.student.golden.isEmpty { return base.student.golden.map(\.input) }
        let quantisation = InputQuantisation(student)
        return [0, windows.count / 2].map { index in
            quantisation(Array(windows.values[index * windows.windowSize..<(index + 1) * windows.windowSize]))
        }
    }
}
