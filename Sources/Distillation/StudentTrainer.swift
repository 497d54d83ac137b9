import Compression
import ModelArtifact
import NeuralNetwork

/// Trains a student on the teacher's softened probabilities and the labels, in float or on an int8 grid.
struct StudentTrainer {
    let windows: LabelledWindows
    /// The windows to train on.
    let indices: [Int]
    let feeder: WindowFeeder
    let memory: TeacherMemory
    let normaliser: Normaliser
    let options: DistillationOptions
    let pool: ComputePool

    /// What one phase of training does.
    struct Phase {
        var phase: DistillationProgress.Phase
        var epochs: Int
        var rate: Float
        /// Rounds weights, activations and inputs.
        var quantiser: Quantiser?
        /// What weights decay towards, and how strongly.
        var anchor: [Float]?
        var decay: Float
        var observer: DistillationObserver?
    }

    func train(
        _ weights: NetworkWeights, _ phase: Phase
    ) throws(DistillationError) -> (weights: NetworkWeights, loss: Double) {
        let quantiser = phase.quantiser
        let batch = min(options.batch, indices.count)
        let trainer = ShardedTrainer(
            weights, batch: batch, shards: min(options.threads, batch), pool: pool,
            optimiser: AdamW(
                decay: weights.layout.decayShares, weightDecay: phase.decay, anchor: phase.anchor),
            grids: quantiser.map { $0.grid.activationGrids($0.plan) } ?? [:],
            project: quantiser.map { projection($0) })
        let loop = TrainingLoop(
            phase: phase.phase, epochs: phase.epochs, batch: options.batch,
            seed: options.seed &+ (quantiser == nil ? 1000 : 2000), schedule: LearningRateSchedule(peak: phase.rate),
            observer: phase.observer)
        let inputScale = quantiser?.grid.inputScale
        let mean = try loop.run(over: indices) { batch in
            let copy = memory.copy(of: batch.epoch)
            return trainer.step(count: batch.indices.count, rate: batch.rate, seed: batch.seed) { shard, range, pass in
                fill(pass, shard, batch.indices[range], copy: copy, inputScale: inputScale)
            } loss: { _, range, pass in
                loss(pass, batch.indices[range], copy: copy, share: 1 / Float(batch.indices.count))
            }
        }
        return (trainer.weights, mean)
    }

    /// Of the random changes that make up a copy of all windows.
    private func copySeed(_ copy: Int) -> UInt64 { options.seed &+ 0xC0 &+ UInt64(copy) &* 0x1_0000_0001 }

    private func projection(_ quantiser: Quantiser) -> ShardedTrainer.Projection {
        { values, result in quantiser.project(values, result) }
    }

    private func fill(
        _ pass: NetworkPass, _ shard: Int, _ indices: ArraySlice<Int>, copy: Int, inputScale: Float?
    ) {
        // Copies of their own: threads that count references to the same objects for every window slow each other down.
        let (feeder, memory, normaliser, windows) = (feeder, memory, normaliser, windows)
        var turn = memory.begin(shard: shard)
        let count = windows.windowSize
        let asks = options.alpha > 0
        for (slot, index) in indices.enumerated() {
            feeder.withWindow(index, seed: copySeed(copy)) { raw in
                // From labels alone the teacher need not be asked.
                if asks || windows.labels[index] < 0 {
                    memory.note(index, copy: copy, raw: raw, samples: windows.samples, &turn)
                }
                let input = pass.input.window(slot)
                normaliser.apply(raw, samples: windows.samples, into: input)
                if let scale = inputScale {
                    let inverse = 1 / scale
                    for k in 0..<count { input[k] = InputGrid.steps(input[k], inverse: inverse) * scale }
                }
            }
        }
        memory.end(turn, copy: copy)
    }

    /// Writes the gradient of the mean over the batch and returns the sum of the losses.
    private func loss(_ pass: NetworkPass, _ indices: ArraySlice<Int>, copy: Int, share: Float) -> Float {
        guard let gradient = pass.logitGradient else { return 0 }
        let (feeder, memory, windows) = (feeder, memory, windows)
        var sum: Float = 0
        for (slot, index) in indices.enumerated() {
            let label = windows.labels[index]
            // Without a label the teacher alone is followed.
            let alpha = label >= 0 ? options.alpha : 1
            let student = pass.logits.window(slot)
            if alpha > 0 {
                sum += Losses.softened(
                    teacher: memory.logits(copy: copy, window: index), student: student, classes: memory.classes,
                    temperature: options.temperature, weight: alpha * share, addingTo: gradient.window(slot))
            }
            guard alpha < 1 else { continue }
            let blend = feeder.blend(index, seed: copySeed(copy))
            let own = 1 - (blend?.share ?? 0)
            sum += Losses.crossEntropy(
                student, classes: memory.classes, label: label, weight: own * (1 - alpha) * share,
                addingTo: gradient.window(slot))
            if let blend, windows.labels[blend.partner] >= 0 {
                sum += Losses.crossEntropy(
                    student, classes: memory.classes, label: windows.labels[blend.partner],
                    weight: blend.share * (1 - alpha) * share, addingTo: gradient.window(slot))
            }
        }
        return sum / share
    }
}
