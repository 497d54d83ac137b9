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

    func warmStart(_ base: Student, _ trainer: StudentTrainer) throws -> Start {
        let weights = try Quantiser.weights(of: base)
        var kept = (grid: Int8Grid(of: base), renewed: [Int]())
        if !options.updatesHeadOnly {
            kept = try Calibration.keeping(
                kept.grid, weights, inputs: calibrationInputs(trainer), method: options.recipe.calibration)
        }
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
        var part = 0
        let compression = StudentCompression(
            recipe: options.recipe, trainer: tuner(trainer), options: options, observer: observer,
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

    /// The trainer of what a recipe has made of the network, whose hidden features no hint was made for.
    func tuner(_ trainer: StudentTrainer) -> StudentTrainer {
        var tuner = trainer
        if options.recipe.changesNetwork { tuner.hint = nil }
        return tuner
    }

    /// Checkpoints of a phase, which depends on the teachers and on the weights that it starts from.
    func checkpointing(
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
    func calibrationInputs(_ trainer: StudentTrainer) -> [Float] {
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
