package import TensorKernels

/// Moves parameters along their gradients.
package protocol Optimiser: AnyObject {
    /// One step with a learning rate; `values` and `gradients` are as long as the optimiser was made for.
    func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float)
}

/// Adam with decoupled weight decay.
///
/// - Source: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2.
package final class AdamW: Optimiser {
    private let beta1: Float = 0.9
    private let beta2: Float = 0.999
    private let epsilon: Float = 1e-8
    private let weightDecay: Float
    private let decay: FloatBuffer
    private let anchor: FloatBuffer
    private let first: FloatBuffer
    private let second: FloatBuffer
    private let kernels: KernelTable
    private var beta1Power: Float = 1
    private var beta2Power: Float = 1

    /// - Parameters:
    ///   - decay: share of `weightDecay` that each value gets.
    ///   - anchor: what values decay towards; zero if `nil`.
    package init(decay: [Float], weightDecay: Float, anchor: [Float]? = nil, kernels: KernelTable = .active) {
        self.weightDecay = weightDecay
        self.kernels = kernels
        self.decay = FloatBuffer(decay)
        self.anchor = anchor.map { FloatBuffer($0) } ?? FloatBuffer(count: decay.count)
        first = FloatBuffer(count: decay.count)
        second = FloatBuffer(count: decay.count)
    }

    package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        beta1Power *= beta1
        beta2Power *= beta2
        kernels.adamW(
            count: decay.count, values: values, gradients: gradients, first: first.pointer, second: second.pointer,
            decay: decay.pointer, anchor: anchor.pointer, beta1: beta1, beta2: beta2, rate: rate / (1 - beta1Power),
            rootCorrection: 1 / (1 - beta2Power).squareRoot(), epsilon: epsilon, decayRate: rate * weightDecay)
    }
}

/// Gradient descent with Nesterov momentum and decoupled weight decay.
///
/// - Source: Sutskever et al. 2013, PMLR 28(3), §2.
package final class MomentumDescent: Optimiser {
    private let momentum: Float
    private let weightDecay: Float
    private let decay: FloatBuffer
    private let velocity: FloatBuffer

    /// - Parameter decay: share of `weightDecay` that each value gets.
    package init(decay: [Float], weightDecay: Float, momentum: Float = 0.9) {
        self.momentum = momentum
        self.weightDecay = weightDecay
        self.decay = FloatBuffer(decay)
        velocity = FloatBuffer(count: decay.count)
    }

    package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        for index in 0..<velocity.count {
            let v = momentum * velocity.pointer[index] + gradients[index]
            velocity.pointer[index] = v
            let pull = weightDecay * decay.pointer[index] * values[index]
            values[index] -= rate * (gradients[index] + momentum * v + pull)
        }
    }
}

extension ParameterLayout {
    /// 1 for weights that decay, 0 for biases and batch norm's scale and shift.
    package var decayShares: [Float] {
        var shares = [Float](repeating: 0, count: valueCount)
        for entry in values where entry.shape.count > 1 {
            for index in entry.range { shares[index] = 1 }
        }
        return shares
    }
}
