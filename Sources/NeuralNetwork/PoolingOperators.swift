import TensorKernels

/// Maximum over non-overlapping windows of samples.
final class MaxPoolOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let size: Int
    private let scratch: FloatBuffer

    init(input: Signal, output: Signal, size: Int) {
        self.input = input
        self.output = output
        self.size = size
        scratch = FloatBuffer(count: input.values.channels)
    }

    func forward(_ context: PassContext) {
        context.kernels.maxPool(
            input.values.rows(context.count), size: size, channels: input.values.channels,
            into: output.values.rows(context.count))
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        context.kernels.maxPoolBack(
            gradient: gradient.rows(context.count), input.values.rows(context.count),
            output: output.values.rows(context.count), size: size, channels: input.values.channels,
            into: target.rows(context.count), scratch: scratch.pointer)
    }
}

/// Mean over non-overlapping windows of samples; global where a window has them all. On a quantised grid rounded to it,
/// with a straight-through gradient.
final class AveragePoolOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let size: Int
    private let grid: ActivationGrid?

    init(input: Signal, output: Signal, size: Int, grid: ActivationGrid?) {
        self.input = input
        self.output = output
        self.size = size
        self.grid = grid
    }

    func forward(_ context: PassContext) {
        let channels = input.values.channels
        let share = 1 / Float(size)
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            for row in 0..<output.values.samples {
                let to = y + row * channels
                for c in 0..<channels { to[c] = 0 }
                for k in 0..<size {
                    let from = x + (row * size + k) * channels
                    for c in 0..<channels { to[c] += from[c] }
                }
                for c in 0..<channels { to[c] *= share }
                if let grid {
                    for c in 0..<channels { to[c] = grid.roundMean(to[c]) }
                }
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let channels = input.values.channels
        let share = 1 / Float(size)
        for window in 0..<context.count {
            let g = gradient.window(window)
            let d = target.window(window)
            for row in 0..<input.values.samples {
                let to = d + row * channels
                if row < output.values.samples * size {
                    let from = g + row / size * channels
                    for c in 0..<channels { to[c] = from[c] * share }
                } else {
                    // Samples that fill no window.
                    for c in 0..<channels { to[c] = 0 }
                }
            }
        }
    }
}
