import NeuralNetwork

/// Epochs of random batches over some windows, with progress and cancellation: what teacher and student share.
struct TrainingLoop {
    var phase: DistillationProgress.Phase
    var epochs: Int
    var batch: Int
    var seed: UInt64
    var schedule: LearningRateSchedule
    var observer: DistillationObserver?

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

    /// Trains on one batch and returns the mean loss.
    typealias Step = (Batch) -> Float

    /// - Returns: the mean loss of the last epoch.
    /// - Throws: `DistillationError.cancelled` or `.diverged`.
    func run(over indices: [Int], _ step: Step) throws(DistillationError) -> Double {
        let size = min(batch, indices.count)
        guard size > 0, epochs > 0 else { return 0 }
        let steps = indices.count / size
        let clock = ContinuousClock()
        let began = clock.now
        var reported = began
        var mean = 0.0
        for epoch in 0..<epochs {
            var order = indices
            var random = RandomSource(seed: seed, 1, epoch)
            random.shuffle(&order)
            var sum = 0.0
            for index in 0..<steps {
                let done = Float(epoch * steps + index) / Float(epochs * steps)
                let batch = Batch(
                    indices: Array(order[index * size..<(index + 1) * size]), epoch: epoch,
                    seed: seed &+ UInt64(epoch * steps + index), rate: schedule.rate(at: done))
                let loss = step(batch)
                guard loss.isFinite else {
                    throw DistillationError(.diverged, "the loss of the \(phase.rawValue) is not finite any more")
                }
                sum += Double(loss)
                let last = index == steps - 1
                if let observer, last || clock.now - reported > .milliseconds(250) {
                    reported = clock.now
                    let fraction = Double(epoch * steps + index + 1) / Double(epochs * steps)
                    let seconds = (reported - began) / .seconds(1)
                    let progress = DistillationProgress(
                        phase: phase, fraction: fraction, epoch: epoch + (last ? 1 : 0), loss: sum / Double(index + 1),
                        secondsLeft: seconds * (1 - fraction) / fraction)
                    guard observer(progress) else { throw DistillationError(.cancelled, "cancelled") }
                }
            }
            mean = sum / Double(steps)
        }
        return mean
    }
}
