import TensorKernels

/// The gradient of ½ · rate · share · (value − anchor)², as it is added to the loss's (L2 regularisation).
package struct WeightDecay {
    private let rate: Float
    private let shares: FloatBuffer
    private let anchor: FloatBuffer

    /// Values it was made for.
    var count: Int { shares.count }

    /// - Parameters:
    ///   - shares: share of `rate` that each value gets.
    ///   - anchor: what values are drawn to; zero if `nil`.
    package init(rate: Float, shares: [Float], anchor: [Float]? = nil) {
        self.rate = rate
        self.shares = FloatBuffer(shares)
        self.anchor = anchor.map { FloatBuffer($0) } ?? FloatBuffer(count: shares.count)
    }

    @inline(__always)
    func pull(_ index: Int, _ value: Float) -> Float {
        rate * shares.pointer[index] * (value - anchor.pointer[index])
    }
}
