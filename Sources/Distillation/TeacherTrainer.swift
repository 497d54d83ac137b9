import ModelArtifact
import NeuralNetwork

/// Trains a teacher from labels.
struct TeacherTrainer {
    let spec: NetworkSpec
    let options: DistillationOptions
    let augmentation: Augmentation
    let pool: ComputePool

    func train(
        on windows: LabelledWindows, observer: DistillationObserver?
    ) throws(DistillationError) -> (teacher: TrainedTeacher, loss: Double) {
        let normaliser = Normaliser(of: windows)
        let weights = NetworkWeights(spec: spec, seed: options.seed)
        let trainer = ShardedTrainer(
            weights, batch: options.batch, shards: options.threads, pool: pool,
            optimiser: AdamW(decay: weights.layout.decayShares, weightDecay: options.weightDecay))
        let feeder = WindowFeeder(windows: windows, augmentation: augmentation, normaliser: normaliser)
        let classes = spec.outputs
        let smoothing = options.smoothing
        let labelled = (0..<windows.count).filter { windows.labels[$0] >= 0 }
        let loop = TrainingLoop(
            phase: .teacher, epochs: options.teacherEpochs ?? 12, batch: options.batch, seed: options.seed,
            schedule: LearningRateSchedule(peak: options.teacherRate), observer: observer)
        let loss = try loop.run(over: labelled) { batch, seed, rate in
            let indices = Array(batch)
            return trainer.step(count: indices.count, rate: rate, seed: seed) { _, range, pass in
                for (slot, position) in range.enumerated() {
                    feeder.withWindow(indices[position], seed: seed) { raw in
                        normaliser.apply(raw, samples: windows.samples, into: pass.input.window(slot))
                    }
                }
            } loss: { _, range, pass in
                guard let gradient = pass.logitGradient else { return 0 }
                var sum: Float = 0
                for (slot, position) in range.enumerated() {
                    sum += Losses.crossEntropy(
                        pass.logits.window(slot), classes: classes, label: windows.labels[indices[position]],
                        smoothing: smoothing, weight: 1 / Float(indices.count),
                        addingTo: gradient.window(slot))
                }
                return sum * Float(indices.count)
            }
        }
        return (TrainedTeacher(weights: trainer.weights, normalisation: normaliser.normalisation), loss)
    }
}
