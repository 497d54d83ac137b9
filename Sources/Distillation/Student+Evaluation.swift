import Inference
public import ModelArtifact
public import NeuralNetwork
import TensorKernels

extension Student {
    /// Real logits of windows (values of a regression), by the runtime that edges use.
    ///
    /// - Returns: (windows × outputs), row-major.
    /// - Throws: `DistillationError.badData` if the windows have another shape than the task's, `.badNetwork` if the
    ///   student cannot run.
    public func logits(_ windows: LabelledWindows, threads: Int = 1) throws(DistillationError) -> [Float] {
        guard windows.samples == spec.samples, windows.channels == spec.channels else {
            throw DistillationError(
                .badData,
                "windows of \(windows.samples) × \(windows.channels) for a student of \(spec.samples) × \(spec.channels)"
            )
        }
        var engines: [InferenceEngine] = []
        do {
            for _ in 0..<max(1, threads) { engines.append(try InferenceEngine(self)) }
        } catch { throw DistillationError(.badNetwork, "\(error)") }
        let result = FloatBuffer(count: windows.count * spec.outputs)
        let work = Work(engines: engines, result: result.pointer)
        let parts = engines.count
        let outputs = spec.outputs
        ComputePool(threads: parts).run(parts) { part in
            let engine = work.engines[part]
            for index in windows.count * part / parts..<windows.count * (part + 1) / parts {
                let values = windows.values[index * windows.windowSize..<(index + 1) * windows.windowSize]
                do throws(InferenceError) {
                    let logits = try engine.logits(Array(values))
                    for output in 0..<outputs {
                        work.result[index * outputs + output] = Float(logits[output]) * engine.logitScale
                    }
                } catch { preconditionFailure("windows of the student's shape are inferred: \(error)") }
            }
        }
        return result.array
    }

    /// `@unchecked`: the memory outlives `run`, and each index uses its own engine and writes its own windows.
    private struct Work: @unchecked Sendable {
        let engines: [InferenceEngine]
        let result: UnsafeMutablePointer<Float>
    }
}
