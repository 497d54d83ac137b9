import ModelArtifact
import TensorKernels

/// Logits of many windows, on several threads.
///
/// `@unchecked Sendable`: inside `pool.run` every index touches its own pass alone, and `run` returns when all are done.
package final class NetworkEvaluator: @unchecked Sendable {
    private let passes: [NetworkPass]
    private let normaliser: Normaliser
    private let pool: ComputePool
    private static let batch = 32

    /// - Parameter grids: by layer index, where activations are rounded.
    package init(
        _ weights: NetworkWeights, _ normaliser: Normaliser, pool: ComputePool, grids: [Int: ActivationGrid] = [:]
    ) {
        self.pool = pool
        self.normaliser = normaliser
        passes = (0..<pool.threads).map { _ in
            let pass = NetworkPass(spec: weights.spec, capacity: Self.batch, training: false, grids: grids)
            pass.load(weights)
            return pass
        }
    }

    /// - Returns: (windows × outputs), row-major.
    /// - Precondition: windows of the network's samples and channels.
    package func logits(_ windows: LabelledWindows) -> [Float] {
        let spec = passes[0].spec
        precondition(
            windows.samples == spec.samples && windows.channels == spec.channels, "windows fit the network")
        let result = FloatBuffer(count: windows.count * spec.outputs)
        let output = Output(pointer: result.pointer)
        let parts = passes.count
        pool.run(parts) { part in
            let pass = passes[part]
            let end = windows.count * (part + 1) / parts
            var start = windows.count * part / parts
            while start < end {
                let count = min(Self.batch, end - start)
                windows.values.withUnsafeBufferPointer { values in
                    guard let base = values.baseAddress else { return }
                    for index in 0..<count {
                        normaliser.apply(
                            base + (start + index) * windows.windowSize, samples: windows.samples,
                            into: pass.input.window(index))
                    }
                }
                pass.forward(count: count, training: false)
                (output.pointer + start * spec.outputs).update(
                    from: pass.logits.window(0), count: count * spec.outputs)
                start += count
            }
        }
        return result.array
    }

    /// `@unchecked`: the memory outlives `pool.run`, and each index writes its own windows.
    private struct Output: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<Float>
    }
}
