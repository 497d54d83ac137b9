import TensorKernels

/// Stochastic gradient descent, with momentum and Nesterov's look ahead.
///
/// - Source: Sutskever et al. 2013, PMLR 28(3), §2, in PyTorch's form: the learning rate stays outside of the velocity.
package final class GradientDescent: Optimiser {
    private let decay: WeightDecay
    private let momentum: Float
    private let nesterov: Bool
    private let velocity: FloatBuffer

    package init(_ decay: WeightDecay, momentum: Float, nesterov: Bool) {
        self.decay = decay
        self.momentum = momentum
        self.nesterov = nesterov
        velocity = FloatBuffer(count: decay.count)
    }

    package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        for index in 0..<decay.count {
            let gradient = gradients[index] + decay.pull(index, values[index])
            let v = momentum * velocity.pointer[index] + gradient
            velocity.pointer[index] = v
            values[index] -= rate * (nesterov ? gradient + momentum * v : v)
        }
    }

    package var state: [[Float]] {
        get { [velocity.array] }
        set { velocity.copy(from: newValue[0]) }
    }
}
