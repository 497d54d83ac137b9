package import TensorKernels

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

    package var state: [[Float]] {
        get { [first.array, second.array, [beta1Power, beta2Power]] }
        set {
            first.copy(from: newValue[0])
            second.copy(from: newValue[1])
            beta1Power = newValue[2][0]
            beta2Power = newValue[2][1]
        }
    }
}
