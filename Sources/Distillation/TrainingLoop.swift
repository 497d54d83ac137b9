import NeuralNetwork

/// Epochs of random batches over some windows, with progress and cancellation: what teacher and student share.
struct TrainingLoop {
    var phase: DistillationProgress.Phase
    var epochs: Int
    var batch: Int
    var seed: UInt64
    var schedule: LearningRateSchedule
    var observer: DistillationObserver?

    /// One batch: indices of windows, seed of the step, learning rate; returns the mean loss.
    typealias Step = (ArraySlice<Int>, UInt64, Float) -> Float

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
                let batch = order[index * size..<(index + 1) * size]
                let loss = step(batch, seed &+ UInt64(epoch * steps + index), schedule.rate(at: done))
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
