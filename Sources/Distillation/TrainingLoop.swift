import NeuralNetwork

/// One epoch of a training.
public struct EpochRecord: Sendable, Equatable {
    public var phase: DistillationProgress.Phase
    /// 1 for the first.
    public var epoch: Int
    /// Mean loss over its batches.
    public var loss: Double
    /// Score on the validation windows behind it, where it was taken: ``Scores/quality``.
    public var validation: Double?
}

/// Epochs of random batches over some windows, with progress, cancellation, validation and early stopping: what teacher
/// and student share.
struct TrainingLoop {
    var phase: DistillationProgress.Phase
    var epochs: Int
    var batch: Int
    var seed: UInt64
    var schedule: LearningRateSchedule
    var observer: DistillationObserver?
    var validation: Validation?
    var checkpointing: Checkpointing?
    /// Trained along with the network.
    var hint: Hint?

    /// Scoring of the network as it stands after an epoch; higher is better.
    struct Validation {
        /// Epochs between two scores.
        var every: Int
        /// Epochs without a better score after which the training ends.
        var patience: Int?
        var score: (NetworkWeights) -> Double?

        /// - Returns: `nil` if the options ask for no scores.
        init?(_ options: DistillationOptions, epochs: Int, score: @escaping (NetworkWeights) -> Double?) {
            guard options.patience != nil || options.validationPoints > 0 else { return nil }
            patience = options.patience
            every = patience != nil ? 1 : max(1, epochs / options.validationPoints)
            self.score = score
        }
    }

    /// One batch.
    struct Batch: Sendable {
        /// Of windows.
        var indices: [Int]
        var epoch: Int
        /// Of this step's random numbers.
        var seed: UInt64
        /// Learning rate.
        var rate: Float
    }

    /// A training that has ended.
    struct Outcome {
        var weights: NetworkWeights
        var curve: [EpochRecord]
        /// Mean loss of the last epoch.
        var loss: Double { curve.last?.loss ?? 0 }
    }

    /// Trains on one batch and returns the mean loss.
    typealias Step = (Batch) -> Float

    /// - Throws: `DistillationError.cancelled` or `.diverged`.
    func run(_ trainer: ShardedTrainer, over indices: [Int], _ step: Step) throws(DistillationError) -> Outcome {
        let size = min(batch, indices.count)
        guard size > 0, epochs > 0 else { return Outcome(weights: trainer.weights, curve: []) }
        var (curve, best) = resume(trainer)
        let clock = ContinuousClock()
        var progress = Progress(began: clock.now, reported: clock.now, first: curve.count)
        for epoch in curve.count..<max(curve.count, epochs) {
            if isStale(best, after: epoch) { break }
            let loss = try runEpoch(epoch, indices, size: size, &progress, step)
            var record = EpochRecord(phase: phase, epoch: epoch + 1, loss: loss)
            if let validation, (epoch + 1) % validation.every == 0 || epoch == epochs - 1 {
                let weights = trainer.weights
                record.validation = validation.score(weights)
                if validation.patience != nil, let score = record.validation, score > best?.score ?? -.infinity {
                    best = .init(score: score, epoch: epoch, values: weights.values, statistics: weights.statistics)
                }
            }
            curve.append(record)
            checkpointing?.save(
                Checkpoint(curve: curve, trainer: trainer.state, hint: hint?.state ?? [], best: best))
        }
        var weights = trainer.weights
        if let best { (weights.values, weights.statistics) = (best.values, best.statistics) }
        return Outcome(weights: weights, curve: curve)
    }

    /// Goes on from the last checkpoint, where there is one.
    private func resume(_ trainer: ShardedTrainer) -> (curve: [EpochRecord], best: Checkpoint.Best?) {
        guard let checkpoint = checkpointing?.load(), checkpoint.curve.count <= epochs else { return ([], nil) }
        trainer.state = checkpoint.trainer
        hint?.state = checkpoint.hint
        return (checkpoint.curve, checkpoint.best)
    }

    /// Whether no epoch was better for as long as the patience lasts.
    private func isStale(_ best: Checkpoint.Best?, after epoch: Int) -> Bool {
        guard let patience = validation?.patience, let best else { return false }
        return epoch - 1 - best.epoch >= patience
    }

    private struct Progress {
        var began: ContinuousClock.Instant
        var reported: ContinuousClock.Instant
        /// Epoch that this run began with.
        var first: Int
    }

    private func runEpoch(
        _ epoch: Int, _ indices: [Int], size: Int, _ times: inout Progress, _ step: Step
    ) throws(DistillationError) -> Double {
        let steps = indices.count / size
        var order = indices
        var random = RandomSource(seed: seed, 1, epoch)
        random.shuffle(&order)
        var sum = 0.0
        for index in 0..<steps {
            let done = Float(epoch * steps + index) / Float(epochs * steps)
            let loss = step(
                Batch(
                    indices: Array(order[index * size..<(index + 1) * size]), epoch: epoch,
                    seed: seed &+ UInt64(epoch * steps + index), rate: schedule.rate(at: done)))
            guard loss.isFinite else {
                throw DistillationError(.diverged, "the loss of the \(phase.rawValue) is not finite any more")
            }
            sum += Double(loss)
            let last = index == steps - 1
            let now = ContinuousClock.now
            if let observer, last || now - times.reported > .milliseconds(250) {
                times.reported = now
                let fraction = Double(epoch * steps + index + 1) / Double(epochs * steps)
                let seconds = (now - times.began) / .seconds(1)
                // What an earlier run did took none of this one's time.
                let before = Double(times.first) / Double(epochs)
                let report = DistillationProgress(
                    phase: phase, fraction: fraction, epoch: epoch + (last ? 1 : 0), loss: sum / Double(index + 1),
                    secondsLeft: seconds * (1 - fraction) / (fraction - before), resumedFrom: times.first)
                guard observer(report) else { throw DistillationError(.cancelled, "cancelled") }
            }
        }
        return sum / Double(steps)
    }
}
