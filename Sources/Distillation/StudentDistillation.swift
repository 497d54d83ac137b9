import Compression
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

    /// Where fine-tuning on the grid begins.
    private struct Start {
        var weights: NetworkWeights
        var quantiser: Quantiser
        var floatScores: Scores?
        var curve: [EpochRecord] = []
    }

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
        let start = try fitting.map { try warmStart($0.student) } ?? coldStart(trainer, held)
        let tuned = try trainer.train(start.weights, finePhase(start, trainer, base: fitting?.student))
        let form = try DeployedForm(
            spec: start.quantiser.spec, layers: start.quantiser.layers(tuned.weights), grid: start.quantiser.grid,
            layout: layout, scale: scale)
        let network = try QuantisedNetwork(
            spec: form.spec, layers: form.layers, normalisation: normaliser.normalisation,
            inputScale: start.quantiser.grid.inputScale)
        let scored = held.count > 0 ? split.validation : split.training
        let logits = realLogits(network, windows.selecting(scored), scale: form.layers.last?.outputScale ?? 1)
        let deployed = layout.deployed
        let student = Student(
            task: task, spec: form.spec, normalisation: normaliser.normalisation,
            inputScale: start.quantiser.grid.inputScale, layers: form.layers,
            gate: GateCalibration.gate(
                logits: logits, answered.selecting(scored), deployed, escalationShare: options.escalationShare),
            golden: golden(network), base: fitting?.digest)
        let report = DistillationReport(
            teacher: teacherScores(held), float: start.floatScores,
            int8: held.count > 0 ? Scores(logits, held, deployed) : nil, trainingWindows: split.training.count,
            validationWindows: held.count, curve: start.curve + tuned.curve,
            seconds: (clock.now - began) / .seconds(1), warmStarted: fitting != nil,
            changedWeights: fitting.map { changed(form.layers, $0.student.layers) })
        return DistillationResult(student: student, report: report)
    }

    private func finePhase(_ start: Start, _ trainer: StudentTrainer, base: Student?) -> StudentTrainer.Phase {
        let epochs = options.quantisedEpochs ?? DistillationOptions.epochs(110_000, trainer.indices.count, 5...60)
        return StudentTrainer.Phase(
            phase: .quantisation, epochs: epochs, rate: options.quantisedRate, quantiser: start.quantiser,
            anchor: base == nil ? nil : start.weights.values, decay: base == nil ? 0 : options.basePull,
            observer: observer, checkpointing: checkpointing(.quantisation, start.quantiser.spec, start.weights))
    }

    /// Checkpoints of a phase, which depends on the teachers and on the weights that it starts from.
    private func checkpointing(
        _ phase: DistillationProgress.Phase, _ spec: NetworkSpec, _ start: NetworkWeights
    ) -> Checkpointing? {
        var facts = [start.values]
        switch guidance {
        case .none: break
        case .teachers(let teachers): facts += teachers.flatMap { [$0.weights.values, $0.weights.statistics] }
        case .answers(let answers): facts.append(answers.logits)
        }
        return Checkpointing(
            checkpoints, phase: phase, spec: spec, task: task, options: options, windows: windows, facts: facts)
    }

    /// Whether a base's network computes what the task asks for within its limits.
    private func fits(_ base: Student) -> Bool {
        base.task.channels == task.channels && base.task.window == task.window && base.task.classes == task.classes
            && base.task.kind == task.kind && base.task.heads == task.heads && base.spec == spec
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

    private func warmStart(_ base: Student) throws -> Start {
        Start(
            weights: try Quantiser.weights(of: base),
            quantiser: try Quantiser(spec: base.spec, grid: Int8Grid(of: base)))
    }

    private func coldStart(_ trainer: StudentTrainer, _ held: LabelledWindows) throws -> Start {
        let epochs = options.studentEpochs ?? DistillationOptions.epochs(450_000, trainer.indices.count, 20...300)
        let scores = { (weights: NetworkWeights) -> Scores? in
            let real = trainer.objective.scale.applied(to: weights)
            let logits = NetworkEvaluator(real, trainer.normaliser, pool: pool).logits(held)
            return Scores(logits, held, layout)
        }
        let initial = NetworkWeights(spec: spec.trainable, seed: options.seed)
        let trained = try trainer.train(
            initial,
            StudentTrainer.Phase(
                phase: .student, epochs: epochs, rate: options.studentRate, decay: options.weightDecay / 5,
                observer: observer, validation: .init(options, epochs: epochs) { scores($0)?.quality },
                checkpointing: checkpointing(.student, initial.spec, initial)))
        let folded = try trained.weights.folded()
        let grid = try Calibration.grid(folded, inputs: calibrationInputs(trainer))
        return Start(
            weights: folded, quantiser: try Quantiser(spec: folded.spec, grid: grid),
            floatScores: scores(trained.weights), curve: trained.curve)
    }

    private func teacherScores(_ held: LabelledWindows) -> Scores? {
        guard case .teachers(let teachers) = guidance, held.count > 0 else { return nil }
        return Scores(teachers.meanLogits(held, pool: pool), held, layout)
    }

    /// Changed, normalised copies of up to 512 windows.
    private func calibrationInputs(_ trainer: StudentTrainer) -> [Float] {
        let count = min(512, trainer.indices.count)
        let size = windows.windowSize
        var inputs = [Float](repeating: 0, count: count * size)
        inputs.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for position in 0..<count {
                let index = trainer.indices[position * trainer.indices.count / count]
                trainer.feeder.withWindow(index, seed: options.seed) { raw in
                    trainer.normaliser.apply(raw, samples: windows.samples, into: base + position * size)
                }
            }
        }
        return inputs
    }

    private func input(_ network: QuantisedNetwork, _ windows: LabelledWindows, _ index: Int) -> [UInt8] {
        network.quantise(windows.values[index * windows.windowSize..<(index + 1) * windows.windowSize])
    }

    private func realLogits(_ network: QuantisedNetwork, _ windows: LabelledWindows, scale: Float) -> [Float] {
        (0..<windows.count).flatMap { index in
            network.logits(input: input(network, windows, index)).map { Float($0) * scale }
        }
    }

    private func golden(_ network: QuantisedNetwork) -> [Student.GoldenVector] {
        [0, windows.count / 2].map { index in
            let input = input(network, windows, index)
            return Student.GoldenVector(input: input, logits: network.logits(input: input))
        }
    }

    /// Share of weights that differ.
    private func changed(_ layers: [Student.QuantisedLayer], _ base: [Student.QuantisedLayer]) -> Double {
        var total = 0
        var different = 0
        for (layer, before) in zip(layers, base) {
            total += layer.weight.count
            different += zip(layer.weight, before.weight).count { $0 != $1 }
        }
        return Double(different) / Double(max(1, total))
    }
}
