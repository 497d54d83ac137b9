import TensorKernels

/// In training sets a random share of values to zero and scales the others up; otherwise the identity.
///
/// - Source: Srivastava et al. 2014, JMLR 15, §10 (inverted form).
final class DropoutOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let rate: Float
    private let layer: Int
    /// Factor of each value in the last training pass.
    private let mask: FloatBuffer

    init(input: Signal, output: Signal, rate: Float, layer: Int, capacity: Int) {
        precondition(rate >= 0 && rate < 1, "a dropout rate is in 0..<1")
        self.input = input
        self.output = output
        self.rate = rate
        self.layer = layer
        mask = FloatBuffer(count: capacity * input.values.samples * input.values.channels)
    }

    func forward(_ context: PassContext) {
        let count = input.values.samples * input.values.channels
        var random = RandomSource(seed: context.seed, layer)
        let keep = 1 / (1 - rate)
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            let mask = mask.pointer + window * count
            for index in 0..<count {
                mask[index] = !context.training ? 1 : random.uniform() < rate ? 0 : keep
                y[index] = x[index] * mask[index]
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let count = input.values.samples * input.values.channels
        for window in 0..<context.count {
            let g = gradient.window(window)
            let d = target.window(window)
            let mask = mask.pointer + window * count
            for index in 0..<count { d[index] = g[index] * mask[index] }
        }
    }
}
