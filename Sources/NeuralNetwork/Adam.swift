import TensorKernels

/// Adam; weight decay is part of the gradient and so of the moments.
///
/// - Source: Kingma & Ba 2015, arXiv:1412.6980, algorithm 1.
package final class Adam: Optimiser {
    private let decay: WeightDecay
    private let moments: AdamW
    private let decayed: FloatBuffer

    package init(_ decay: WeightDecay) {
        self.decay = decay
        moments = AdamW(decay: [Float](repeating: 0, count: decay.count), weightDecay: 0)
        decayed = FloatBuffer(count: decay.count)
    }

    package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        for index in 0..<decay.count { decayed.pointer[index] = gradients[index] + decay.pull(index, values[index]) }
        moments.step(values, decayed.pointer, rate: rate)
    }

    package var state: [[Float]] {
        get { moments.state }
        set { moments.state = newValue }
    }
}
