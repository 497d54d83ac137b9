import Compression
import ModelArtifact
import NeuralNetwork

extension StudentDistillation {
    /// Where fine-tuning on the grid begins.
    struct Start {
        var weights: NetworkWeights
        var quantiser: Quantiser
        var mask: PruningMask?
        var floatScores: Scores?
        /// Quality before the recipe's first step.
        var reference: Double?
        var stages: [CompressionStage] = []
        var curve: [EpochRecord] = []
        /// Layers of a base that got new steps.
        var renewed: Set<Int> = []
    }

    /// A student on the grid.
    struct Tuned {
        var student: Student
        var curve: [EpochRecord]
        /// Layer whose integers cost most, where the recipe's loss is passed.
        var brokenBy: Int?
        var renewed: Set<Int> = []
    }

    func warmStart(_ base: Student, _ trainer: StudentTrainer) throws -> Start {
        let weights = try Quantiser.weights(of: base)
        let kept = try Calibration.keeping(
            Int8Grid(of: base), weights, inputs: calibrationInputs(trainer), method: options.recipe.calibration)
        let isPruned = options.recipe.steps.contains { if case .prune = $0 { true } else { false } }
        return Start(
            weights: weights, quantiser: try Quantiser(spec: base.spec, grid: kept.grid),
            mask: isPruned ? PruningMask(zerosOf: weights) : nil, renewed: Set(kept.renewed))
    }

    func coldStart(_ trainer: StudentTrainer, _ held: LabelledWindows) throws -> Start {
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
        var tuner = trainer
        if options.recipe.changesNetwork { tuner.hint = nil }
        var part = 0
        let compression = StudentCompression(
            recipe: options.recipe, trainer: tuner, options: options, observer: observer,
            quality: { scores($0)?.quality },
            checkpointing: { weights in
                part += 1
                return checkpointing(.compression, part: part, weights.spec, weights)
            })
        let compressed = try compression.run(try trained.weights.folded())
        let grid = try Calibration.grid(
            compressed.weights, inputs: calibrationInputs(trainer), method: options.recipe.calibration)
        return Start(
            weights: compressed.weights, quantiser: try Quantiser(spec: compressed.weights.spec, grid: grid),
            mask: compressed.mask, floatScores: scores(trained.weights), reference: compressed.stages.first?.quality,
            stages: compressed.stages, curve: trained.curve + compressed.curve)
    }

    /// Fine-tunes on the grid: once, and once more where weights have left their grid or the integers cost more than the
    /// recipe allows.
    ///
    /// - Parameter make: a student of integers on a grid.
    func tune(
        _ start: Start, _ trainer: StudentTrainer, base: Distiller.Base?,
        make: (DeployedForm, Int8Grid) throws -> Student
    ) throws -> Tuned {
        var tuner = trainer
        if options.recipe.changesNetwork { tuner.hint = nil }
        let held = windows.selecting(windows.split(validation: options.validationShare).validation)
        func allows(_ student: Student) throws -> Bool {
            guard let reference = start.reference else { return true }
            let quality = Scores(try student.logits(held), held, layout.deployed)?.quality
            return (quality ?? reference) >= reference - options.recipe.allowedLoss
        }
        func run(_ part: Int, _ weights: NetworkWeights, _ quantiser: Quantiser) throws -> (
            TrainingLoop.Outcome, Student
        ) {
            let outcome = try tuner.train(
                weights, finePhase(start, part: part, weights, quantiser, isWarm: base != nil))
            let form = try DeployedForm(
                spec: quantiser.spec,
                layers: quantiser.layers(start.mask?.applied(to: outcome.weights) ?? outcome.weights),
                grid: quantiser.grid, layout: layout, scale: trainer.objective.scale)
            return (outcome, try make(form, quantiser.grid))
        }
        var (outcome, student) = try run(1, start.weights, start.quantiser)
        var curve = outcome.curve
        let kept = try Calibration.keeping(
            start.quantiser.grid, outcome.weights, inputs: calibrationInputs(trainer),
            method: options.recipe.calibration)
        let isLeft = base != nil && !kept.renewed.isEmpty
        if try isLeft || !allows(student) {
            let quantiser = isLeft ? try Quantiser(spec: start.quantiser.spec, grid: kept.grid) : start.quantiser
            let again = try run(2, outcome.weights, quantiser)
            if try isLeft || quality(again.1, held) >= quality(student, held) { (outcome, student) = again }
            curve += again.0.curve
        }
        let broken = try allows(student) ? nil : costliest(start, trainer, held)
        return Tuned(
            student: student, curve: curve, brokenBy: broken, renewed: isLeft ? Set(kept.renewed) : [])
    }

    private func quality(_ student: Student, _ held: LabelledWindows) throws -> Double {
        Scores(try student.logits(held), held, layout.deployed)?.quality ?? 0
    }

    /// The layer whose weights and activations, alone on the grid, cost most.
    private func costliest(_ start: Start, _ trainer: StudentTrainer, _ held: LabelledWindows) throws -> Int? {
        var worst: (layer: Int, quality: Double)?
        for layer in start.quantiser.plan.layers {
            let (weights, grids) = start.quantiser.rounding(start.weights, only: layer.index)
            let real = trainer.objective.scale.applied(to: weights)
            let logits = NetworkEvaluator(real, trainer.normaliser, pool: pool, grids: grids).logits(held)
            guard let quality = Scores(logits, held, layout)?.quality else { continue }
            if quality < worst?.quality ?? .infinity { worst = (layer.index, quality) }
        }
        return worst?.layer
    }

    private func finePhase(
        _ start: Start, part: Int, _ weights: NetworkWeights, _ quantiser: Quantiser, isWarm: Bool
    ) -> StudentTrainer.Phase {
        let count = windows.split(validation: options.validationShare).training.count
        let epochs = options.quantisedEpochs ?? DistillationOptions.epochs(110_000, count, 5...60)
        return StudentTrainer.Phase(
            phase: .quantisation, epochs: epochs, rate: options.quantisedRate, quantiser: quantiser, mask: start.mask,
            anchor: isWarm ? start.weights.values : nil, decay: isWarm ? options.basePull : 0, observer: observer,
            checkpointing: checkpointing(.quantisation, part: part, quantiser.spec, weights))
    }

    /// Checkpoints of a phase, which depends on the teachers and on the weights that it starts from.
    private func checkpointing(
        _ phase: DistillationProgress.Phase, part: Int = 1, _ spec: NetworkSpec, _ start: NetworkWeights
    ) -> Checkpointing? {
        var facts = [start.values]
        switch guidance {
        case .none: break
        case .teachers(let teachers): facts += teachers.flatMap { [$0.weights.values, $0.weights.statistics] }
        case .answers(let answers): facts.append(answers.logits)
        }
        return Checkpointing(
            checkpoints, phase: phase, part: part, spec: spec, task: task, options: options, windows: windows,
            facts: facts)
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
}
