package import ModelArtifact
import TensorKernels

/// Trains one network on batches that are split in shards, each on its own thread; batch norm looks at a shard.
///
/// Gradients are summed in the order of the shards, so that results depend on the number of shards and not on which
/// thread took which.
///
/// `@unchecked Sendable`: inside `pool.run` every index touches its own pass alone, and `run` returns when all are done.
package final class ShardedTrainer: @unchecked Sendable {
    package let spec: NetworkSpec
    package let layout: ParameterLayout
    private let pool: ComputePool
    private let passes: [NetworkPass]
    private let optimiser: any Optimiser
    private let project: Projection?
    private let values: FloatBuffer
    private let projected: FloatBuffer
    private let statistics: FloatBuffer
    private var steps = 0

    /// Writes the values a pass is to use (on a quantised grid) for the trained ones; gradients go straight through.
    package typealias Projection = @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

    /// - Parameters:
    ///   - batch: windows of a step at most.
    ///   - shards: at least 1.
    ///   - featureLayer: index of a layer whose output the loss reads besides the logits.
    ///   - grids: by layer index, where activations are rounded.
    package init(
        _ weights: NetworkWeights, batch: Int, shards: Int, pool: ComputePool, optimiser: any Optimiser,
        featureLayer: Int? = nil, grids: [Int: ActivationGrid] = [:], project: Projection? = nil
    ) {
        precondition(shards > 0 && batch >= shards, "every shard has a window")
        spec = weights.spec
        layout = weights.layout
        self.pool = pool
        self.optimiser = optimiser
        self.project = project
        let capacity = (batch + shards - 1) / shards
        passes = (0..<shards).map { _ in
            NetworkPass(
                spec: weights.spec, capacity: capacity, training: true, featureLayer: featureLayer, grids: grids)
        }
        values = FloatBuffer(weights.values)
        projected = FloatBuffer(weights.values)
        statistics = FloatBuffer(weights.statistics)
    }

    /// The trained network as it stands.
    package var weights: NetworkWeights {
        var result = NetworkWeights(spec: spec, seed: 0)
        result.values = values.array
        result.statistics = statistics.array
        return result
    }

    /// All that later steps depend on: from a copy of it training goes on bit for bit.
    package struct State: Sendable, Equatable {
        package var values: [Float]
        package var statistics: [Float]
        package var steps: Int
        package var optimiser: [[Float]]

        package init(values: [Float], statistics: [Float], steps: Int, optimiser: [[Float]]) {
            self.values = values
            self.statistics = statistics
            self.steps = steps
            self.optimiser = optimiser
        }
    }

    /// - Precondition: what is written was read from a trainer of the same network and kind of optimiser.
    package var state: State {
        get {
            State(values: values.array, statistics: statistics.array, steps: steps, optimiser: optimiser.state)
        }
        set {
            values.copy(from: newValue.values)
            statistics.copy(from: newValue.statistics)
            steps = newValue.steps
            optimiser.state = newValue.optimiser
        }
    }

    /// One step on `count` windows.
    ///
    /// - Parameters:
    ///   - seed: of dropout.
    ///   - fill: puts the windows of a range into a pass's input.
    ///   - loss: reads a pass's logits, writes `logitGradient` (zero before) for a mean over `count` windows, and returns
    ///     the sum of the losses of its range.
    /// - Returns: the mean loss.
    package func step(
        count: Int, rate: Float, seed: UInt64, fill: @Sendable (Int, Range<Int>, NetworkPass) -> Void,
        loss: @Sendable (Int, Range<Int>, NetworkPass) -> Float
    ) -> Float {
        let shards = min(passes.count, count)
        var current = UnsafePointer(values.pointer)
        if let project {
            project(values.pointer, projected.pointer)
            current = UnsafePointer(projected.pointer)
        }
        let losses = FloatBuffer(count: shards)
        let work = ShardWork(current: current, losses: losses.pointer)
        pool.run(shards) { shard in
            let pass = passes[shard]
            let range = count * shard / shards..<count * (shard + 1) / shards
            pass.load(work.current, statistics: statistics.pointer)
            fill(shard, range, pass)
            pass.clearGradients()
            pass.forward(count: range.count, training: true, seed: seed &+ UInt64(shard) &* 0x9E37_79B9)
            if let gradient = pass.logitGradient {
                gradient.window(0).update(repeating: 0, count: range.count * gradient.windowStride)
            }
            work.losses[shard] = loss(shard, range, pass)
            pass.backward(count: range.count)
        }
        gather(shards)
        optimiser.step(values.pointer, passes[0].gradients.pointer, rate: rate)
        steps += 1
        return losses.array.reduce(0, +) / Float(count)
    }

    /// `@unchecked`: the memory outlives `pool.run`, and each index writes its own element.
    private struct ShardWork: @unchecked Sendable {
        let current: UnsafePointer<Float>
        let losses: UnsafeMutablePointer<Float>
    }

    /// Sums gradients into the first shard's, and moves the running moments towards the mean of the shards'.
    private func gather(_ shards: Int) {
        let sum = passes[0].gradients.pointer
        for shard in 1..<max(1, shards) {
            let other = passes[shard].gradients.pointer
            for index in 0..<values.count { sum[index] += other[index] }
        }
        // The mean over all steps at first, then an exponential one.
        let momentum = max(0.1, 1 / Float(steps + 1))
        let share = momentum / Float(shards)
        for index in 0..<statistics.count {
            statistics.pointer[index] *= 1 - momentum
            for shard in 0..<shards {
                statistics.pointer[index] += share * passes[shard].batchStatistics.pointer[index]
            }
        }
    }
}
