import TensorKernels

/// Gradients over the root of their mean square, with momentum if wanted.
///
/// - Source: Tieleman & Hinton 2012, Coursera lecture 6.5, in PyTorch's form (ε outside of the root).
package final class RMSProp: Optimiser {
    private let decay: WeightDecay
    private let momentum: Float
    private let memory: Float = 0.99
    private let epsilon: Float = 1e-8
    private let squares: FloatBuffer
    private let velocity: FloatBuffer

    package init(_ decay: WeightDecay, momentum: Float) {
        self.decay = decay
        self.momentum = momentum
        squares = FloatBuffer(count: decay.count)
        velocity = FloatBuffer(count: decay.count)
    }

    package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        for index in 0..<decay.count {
            let gradient = gradients[index] + decay.pull(index, values[index])
            let square = memory * squares.pointer[index] + (1 - memory) * gradient * gradient
            squares.pointer[index] = square
            let v = momentum * velocity.pointer[index] + gradient / (square.squareRoot() + epsilon)
            velocity.pointer[index] = v
            values[index] -= rate * v
        }
    }

    package var state: [[Float]] {
        get { [squares.array, velocity.array] }
        set {
            squares.copy(from: newValue[0])
            velocity.copy(from: newValue[1])
        }
    }
}
