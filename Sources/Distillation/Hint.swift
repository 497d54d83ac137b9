import ModelArtifact
import NeuralNetwork
import TensorKernels

/// Draws a student's hidden features to its teacher's through a learned linear projection.
///
/// - Source: Romero et al. 2015, arXiv:1412.6550, §2.2 (hints); the regressor here is linear and learned along with the
///   student.
///
/// `@unchecked Sendable`: shards write their own gradients alone, and ``step(rate:)`` runs between batches.
final class Hint: @unchecked Sendable {
    /// Of the loss beside the others.
    let weight: Float
    private let inputs: Int
    private let outputs: Int
    /// 1 / mean square of the teacher's features.
    private let scale: Float
    /// (outputs × inputs), then (outputs).
    private let values: FloatBuffer
    private let gradients: [FloatBuffer]
    private let optimiser: AdamW

    /// - Parameter meanSquare: of the teacher's features, which the loss is measured by.
    init(weight: Float, inputs: Int, outputs: Int, meanSquare: Float, shards: Int, seed: UInt64) {
        self.weight = weight
        self.inputs = inputs
        self.outputs = outputs
        scale = 1 / max(meanSquare, 1e-6)
        let count = outputs * (inputs + 1)
        values = FloatBuffer(count: count)
        var random = RandomSource(seed: seed, 0x417)
        let deviation = (1 / Float(inputs)).squareRoot()
        for index in 0..<outputs * inputs { values.pointer[index] = deviation * random.normal() }
        gradients = (0..<shards).map { _ in FloatBuffer(count: count) }
        optimiser = AdamW(decay: [Float](repeating: 0, count: count), weightDecay: 0)
    }

    /// The projection and its optimiser's state.
    var state: [[Float]] {
        get { [values.array] + optimiser.state }
        set {
            values.copy(from: newValue[0])
            optimiser.state = Array(newValue.dropFirst())
        }
    }

    /// Loss of one window: half the mean squared difference, in mean squares of the teacher's features.
    ///
    /// - Parameters:
    ///   - student: (inputs).
    ///   - teacher: (outputs).
    ///   - share: of the window in the batch's mean, and its weight.
    ///   - gradient: (inputs), written.
    func loss(
        _ student: UnsafePointer<Float>, _ teacher: UnsafePointer<Float>, share: Float, shard: Int,
        into gradient: UnsafeMutablePointer<Float>
    ) -> Float {
        let slopes = gradients[shard].pointer
        let bias = outputs * inputs
        gradient.update(repeating: 0, count: inputs)
        let factor = weight * share * scale / Float(outputs)
        var sum: Float = 0
        for output in 0..<outputs {
            let row = values.pointer + output * inputs
            var difference = values.pointer[bias + output] - teacher[output]
            for k in 0..<inputs { difference += row[k] * student[k] }
            sum += difference * difference
            let slope = factor * difference
            let to = slopes + output * inputs
            for k in 0..<inputs {
                to[k] += slope * student[k]
                gradient[k] += slope * row[k]
            }
            slopes[bias + output] += slope
        }
        return 0.5 * factor * sum
    }

    /// Moves the projection along its gradients, summed in the order of the shards, and clears them.
    func step(rate: Float) {
        let sum = gradients[0]
        for other in gradients.dropFirst() {
            for index in 0..<sum.count { sum.pointer[index] += other.pointer[index] }
        }
        optimiser.step(values.pointer, sum.pointer, rate: rate)
        for buffer in gradients { buffer.fill(0) }
    }
}

extension NetworkSpec {
    /// The layer whose output the last dense layer reads, dropout aside: where hints are taken.
    ///
    /// - Returns: `nil` for a network without hidden layers.
    package var featureLayer: Int? {
        guard case .dense = layers.last else { return nil }
        var index = layers.count - 2
        while index >= 0, case .dropout = layers[index] { index -= 1 }
        return index >= 0 ? index : nil
    }
}
