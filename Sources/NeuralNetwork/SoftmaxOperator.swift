import TensorKernels

/// Softmax over the channels of each position.
final class SoftmaxOperator: Operator {
    private let input: Signal
    private let output: Signal

    init(input: Signal, output: Signal) {
        self.input = input
        self.output = output
    }

    func forward(_ context: PassContext) {
        let channels = input.values.channels
        for window in 0..<context.count {
            for position in 0..<input.values.samples {
                Losses.softmax(
                    input.values.window(window) + position * channels, classes: channels,
                    into: output.values.window(window) + position * channels)
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let channels = input.values.channels
        for window in 0..<context.count {
            for position in 0..<input.values.samples {
                let y = output.values.window(window) + position * channels
                let g = gradient.window(window) + position * channels
                let d = target.window(window) + position * channels
                var sum: Float = 0
                for c in 0..<channels { sum += g[c] * y[c] }
                for c in 0..<channels { d[c] = y[c] * (g[c] - sum) }
            }
        }
    }
}
