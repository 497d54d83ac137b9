import ModelArtifact
import NeuralNetwork

/// Trains a teacher from labels.
struct TeacherTrainer {
    let spec: NetworkSpec
    let layout: OutputLayout
    let options: DistillationOptions
    let augmentation: Augmentation
    let pool: ComputePool
    let task: TaskDocument
    let checkpoints: Checkpoints?

    /// - Parameters:
    ///   - indices: windows to train on; those of which nothing is known are left out.
    ///   - held: windows to score the network on while it is trained.
    func train(
        on windows: LabelledWindows, indices: [Int], held: LabelledWindows, observer: DistillationObserver?
    ) throws(DistillationError) -> (teacher: TrainedTeacher, curve: [EpochRecord]) {
        let labelled = indices.filter { windows.isLabelled($0) }
        let normaliser = Normaliser(of: windows)
        let scale = TargetScale(of: windows, labelled, layout)
        let weights = NetworkWeights(spec: spec, seed: options.seed)
        let batch = min(options.batch, labelled.count)
        let trainer = ShardedTrainer(
            weights, batch: batch, shards: min(options.threads, batch), pool: pool,
            optimiser: options.optimiser.optimiser(
                for: weights.layout, weightDecay: options.weightDecay, clipping: options.clipping))
        let epochs = options.teacherEpochs ?? DistillationOptions.epochs(180_000, labelled.count, 4...60)
        let feeder = WindowFeeder(
            windows: windows, indices: labelled, augmentation: augmentation, mixing: options.teacherMixing,
            normaliser: normaliser)
        let objective = Objective(
            layout: layout, scale: scale, smoothing: options.smoothing,
            classWeights: options.classWeights.factors(counts: layout.classCounts(windows, labelled)))
        let loop = TrainingLoop(
            phase: .teacher, epochs: epochs, batch: options.batch, seed: options.seed,
            schedule: LearningRateSchedule(peak: options.teacherRate, course: options.course), observer: observer,
            validation: .init(options, epochs: epochs) { weights in
                let logits = NetworkEvaluator(scale.applied(to: weights), normaliser, pool: pool).logits(held)
                return Scores(logits, held, layout)?.quality
            },
            checkpointing: Checkpointing(
                checkpoints, phase: .teacher, spec: spec, task: task, options: options, windows: windows, facts: []))
        let outcome = try loop.run(trainer, over: labelled) { batch in
            let indices = batch.indices
            return trainer.step(count: indices.count, rate: batch.rate, seed: batch.seed) { _, range, pass in
                for (slot, position) in range.enumerated() {
                    feeder.withWindow(indices[position], seed: batch.seed) { raw in
                        normaliser.apply(raw, samples: windows.samples, into: pass.input.window(slot))
                    }
                }
            } loss: { _, range, pass in
                loss(pass, indices[range], batchCount: indices.count, objective, feeder, seed: batch.seed)
            }
        }
        let teacher = TrainedTeacher(
            weights: scale.applied(to: outcome.weights), normalisation: normaliser.normalisation)
        return (teacher, outcome.curve)
    }

    /// Writes the gradient of the mean over the batch and returns the sum of the losses.
    private func loss(
        _ pass: NetworkPass, _ indices: ArraySlice<Int>, batchCount: Int, _ objective: Objective,
        _ feeder: WindowFeeder, seed: UInt64
    ) -> Float {
        guard let gradient = pass.logitGradient else { return 0 }
        let windows = feeder.windows
        let share = 1 / Float(batchCount)
        var sum: Float = 0
        for (slot, index) in indices.enumerated() {
            let blend = feeder.blend(index, seed: seed)
            let weight = share * objective.weight(windows, index)
            sum += objective.hard(
                pass.logits.window(slot), windows, index, weight: weight * (1 - (blend?.share ?? 0)),
                addingTo: gradient.window(slot))
            if let blend {
                sum += objective.hard(
                    pass.logits.window(slot), windows, blend.partner, weight: weight * blend.share,
                    addingTo: gradient.window(slot))
            }
        }
        if case .invented(let invention) = options.subclasses, invention.contrast > 0 {
            // A shard tells its own windows apart, and counts for its part of the batch.
            sum += Losses.contrast(
                pass.logits.window(0), windows: indices.count, outputs: layout.outputs,
                stride: pass.logits.windowStride, temperature: invention.temperature,
                weight: invention.contrast * share * Float(indices.count), addingTo: gradient.window(0))
        }
        return sum / share
    }
}

extension OutputLayout {
    /// Windows of each class of the first head; empty for a regression.
    func classCounts(_ windows: LabelledWindows, _ indices: [Int]) -> [Int] {
        guard let head = heads.first, head.form != .value else { return [] }
        var counts = [Int](repeating: 0, count: head.classes)
        for index in indices where windows.label(index) >= 0 { counts[head.classOfLabel[windows.label(index)]] += 1 }
        return counts
    }
}
