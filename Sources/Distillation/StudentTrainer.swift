import Compression
import ModelArtifact
import NeuralNetwork
import TensorKernels

/// Trains a student on what teachers think and on labels, in float or on an int8 grid.
struct StudentTrainer {
    let windows: LabelledWindows
    /// The windows to train on.
    let indices: [Int]
    let feeder: WindowFeeder
    let memory: TeacherMemory
    let normaliser: Normaliser
    let objective: Objective
    var hint: Hint?
    let options: DistillationOptions
    let pool: ComputePool

    /// What one phase of training does.
    struct Phase {
        var phase: DistillationProgress.Phase
        var epochs: Int
        var rate: Float
        /// Rounds weights, activations and inputs.
        var quantiser: Quantiser?
        /// Weights that stay zero.
        var mask: PruningMask?
        /// Values that stay what they are.
        var frozen: FrozenValues?
        /// What weights decay towards, and how strongly.
        var anchor: [Float]?
        var decay: Float
        /// How reluctantly values leave the anchor: ``ReluctantMoves``.
        var reluctance: Float = 0
        var observer: DistillationObserver?
        var validation: TrainingLoop.Validation?
        var checkpointing: Checkpointing?
    }

    func train(_ weights: NetworkWeights, _ phase: Phase) throws(DistillationError) -> TrainingLoop.Outcome {
        let quantiser = phase.quantiser
        let batch = min(options.batch, indices.count)
        var optimiser = options.optimiser.optimiser(
            for: weights.layout, weightDecay: phase.decay, anchor: phase.anchor, clipping: options.clipping)
        if let anchor = phase.anchor, phase.reluctance > 0 {
            optimiser = ReluctantMoves(optimiser, origin: anchor, weight: phase.reluctance)
        }
        let trainer = ShardedTrainer(
            weights, batch: batch, shards: min(options.threads, batch), pool: pool, optimiser: optimiser,
            featureLayer: hint == nil ? nil : weights.spec.featureLayer,
            grids: quantiser.map { $0.grid.activationGrids($0.plan) } ?? [:],
            project: Self.projection(phase))
        let loop = TrainingLoop(
            phase: phase.phase, epochs: phase.epochs, batch: options.batch,
            seed: options.seed &+ phase.phase.seed,
            schedule: LearningRateSchedule(peak: phase.rate, course: options.course),
            observer: phase.observer, validation: phase.validation, checkpointing: phase.checkpointing, hint: hint)
        let inputScale = quantiser?.grid.inputScale
        return try loop.run(trainer, over: indices) { step(trainer, $0, inputScale: inputScale) }
    }

    private func step(_ trainer: ShardedTrainer, _ batch: TrainingLoop.Batch, inputScale: Float?) -> Float {
        let copy = memory.copy(of: batch.epoch)
        let mean = trainer.step(count: batch.indices.count, rate: batch.rate, seed: batch.seed) {
            shard, range, pass in
            fill(pass, shard, batch.indices[range], copy: copy, inputScale: inputScale)
        } loss: { shard, range, pass in
            loss(pass, shard, batch.indices[range], copy: copy, share: 1 / Float(batch.indices.count))
        }
        hint?.step(rate: batch.rate)
        return mean
    }

    /// Shows an optimiser that changes nothing the gradients of some batches.
    func record(
        _ weights: NetworkWeights, with recorder: any Optimiser, batches: Int, size: Int? = nil
    ) throws(DistillationError) {
        let size = min(size ?? options.batch, indices.count)
        let trainer = ShardedTrainer(
            weights, batch: size, shards: min(options.threads, size), pool: pool, optimiser: recorder)
        let loop = TrainingLoop(
            phase: .compression, epochs: 1, batch: size, seed: options.seed &+ 3000,
            schedule: LearningRateSchedule(peak: 1, course: .constant))
        let count = min(indices.count, batches * size)
        let chosen = (0..<count).map { indices[$0 * indices.count / count] }
        var watcher = self
        watcher.hint = nil
        _ = try loop.run(trainer, over: chosen) { watcher.step(trainer, $0, inputScale: nil) }
    }

    /// Of the random changes that make up a copy of all windows.
    private func copySeed(_ copy: Int) -> UInt64 { options.seed &+ 0xC0 &+ UInt64(copy) &* 0x1_0000_0001 }

    private static func projection(_ phase: Phase) -> ShardedTrainer.Projection? {
        let (quantiser, mask, frozen) = (phase.quantiser, phase.mask, phase.frozen)
        guard quantiser != nil || mask != nil else { return nil }
        return { values, result in
            if let quantiser {
                quantiser.project(values, result)
                mask?.project(UnsafePointer(result), result)
            } else {
                mask?.project(values, result)
            }
            frozen?.project(result)
        }
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
                if asks || !windows.isLabelled(index) {
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
    private func loss(
        _ pass: NetworkPass, _ shard: Int, _ indices: ArraySlice<Int>, copy: Int, share: Float
    ) -> Float {
        guard let gradient = pass.logitGradient else { return 0 }
        let (feeder, memory, windows) = (feeder, memory, windows)
        var sum: Float = 0
        for (slot, index) in indices.enumerated() {
            let teacher = memory.logits(copy: copy, window: index)
            // Without a label the teacher alone is followed, without a teacher the label.
            let alpha = teacher == nil ? 0 : windows.isLabelled(index) ? options.alpha : 1
            let focused = isFocused(index, teacher)
            let weight =
                share * objective.weight(windows, index) * (focused ? options.focus?.weight ?? 1 : 1)
            let student = pass.logits.window(slot)
            if let teacher, alpha > 0 {
                sum += objective.soft(
                    student, teacher: teacher, temperature: options.temperature, weight: alpha * weight,
                    addingTo: gradient.window(slot))
            }
            if alpha < 1 {
                let blend = feeder.blend(index, seed: copySeed(copy))
                sum += objective.hard(
                    student, windows, index, weight: (1 - alpha) * weight * (1 - (blend?.share ?? 0)),
                    addingTo: gradient.window(slot))
                if let blend {
                    sum += objective.hard(
                        student, windows, blend.partner, weight: (1 - alpha) * weight * blend.share,
                        addingTo: gradient.window(slot))
                }
            }
            sum += hintLoss(pass, shard, slot, index, copy: copy, weight: focused || options.focus == nil ? weight : 0)
        }
        return sum / share
    }

    private func hintLoss(
        _ pass: NetworkPass, _ shard: Int, _ slot: Int, _ index: Int, copy: Int, weight: Float
    ) -> Float {
        guard let hint, let features = pass.features else { return 0 }
        return hint.loss(
            features.values.window(slot), memory.features(copy: copy, window: index), share: weight, shard: shard,
            into: features.gradient.pointer + slot * features.count)
    }

    /// Whether a window is of a class in focus: by its label, or where it has none by what the teacher thinks.
    private func isFocused(_ index: Int, _ teacher: UnsafePointer<Float>?) -> Bool {
        guard let focus = options.focus else { return false }
        let label = windows.label(index)
        if label >= 0 { return focus.classes.contains(label) }
        guard let teacher else { return false }
        return focus.classes.contains((0..<memory.outputs).reduce(0) { teacher[$1] > teacher[$0] ? $1 : $0 })
    }
}

extension DistillationProgress.Phase {
    /// Keeps the order of windows in one phase apart from that in another.
    fileprivate var seed: UInt64 {
        switch self {
        case .teacher: 0
        case .student: 1000
        case .quantisation: 2000
        case .compression: 4000
        case .evaluation: 5000
        }
    }
}
