import ModelArtifact
import NeuralNetwork

/// Trains a teacher from labels.
struct TeacherTrainer {
    let spec: NetworkSpec
    let options: DistillationOptions
    let augmentation: Augmentation
    let pool: ComputePool

    func train(
        on windows: LabelledWindows, indices: [Int], observer: DistillationObserver?
    ) throws(DistillationError) -> (teacher: TrainedTeacher, loss: Double, epochs: Int) {
        let normaliser = Normaliser(of: windows)
        let weights = NetworkWeights(spec: spec, seed: options.seed)
        let batch = min(options.batch, indices.count)
        let trainer = ShardedTrainer(
            weights, batch: batch, shards: min(options.threads, batch), pool: pool,
            optimiser: AdamW(decay: weights.layout.decayShares, weightDecay: options.weightDecay))
        let classes = spec.outputs
        let smoothing = options.smoothing
        let labelled = indices.filter { windows.labels[$0] >= 0 }
        let epochs = options.teacherEpochs ?? DistillationOptions.epochs(90_000, labelled.count, 4...60)
        let feeder = WindowFeeder(
            windows: windows, indices: labelled, augmentation: augmentation, mixing: options.teacherMixing,
            normaliser: normaliser)
        let loop = TrainingLoop(
            phase: .teacher, epochs: epochs, batch: options.batch, seed: options.seed,
            schedule: LearningRateSchedule(peak: options.teacherRate), observer: observer)
        let loss = try loop.run(over: labelled) { batch in
            let indices = batch.indices
            return trainer.step(count: indices.count, rate: batch.rate, seed: batch.seed) { _, range, pass in
                for (slot, position) in range.enumerated() {
                    feeder.withWindow(indices[position], seed: batch.seed) { raw in
                        normaliser.apply(raw, samples: windows.samples, into: pass.input.window(slot))
                    }
                }
            } loss: { _, range, pass in
                guard let gradient = pass.logitGradient else { return 0 }
                var sum: Float = 0
                let share = 1 / Float(indices.count)
                for (slot, position) in range.enumerated() {
                    let blend = feeder.blend(indices[position], seed: batch.seed)
                    let own = 1 - (blend?.share ?? 0)
                    sum += Losses.crossEntropy(
                        pass.logits.window(slot), classes: classes, label: windows.labels[indices[position]],
                        smoothing: smoothing, weight: own * share, addingTo: gradient.window(slot))
                    if let blend {
                        sum += Losses.crossEntropy(
                            pass.logits.window(slot), classes: classes, label: windows.labels[blend.partner],
                            smoothing: smoothing, weight: blend.share * share, addingTo: gradient.window(slot))
                    }
                }
                return sum / share
            }
        }
        return (TrainedTeacher(weights: trainer.weights, normalisation: normaliser.normalisation), loss, epochs)
    }
}
