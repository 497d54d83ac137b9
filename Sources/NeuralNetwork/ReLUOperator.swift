/// max(0, x); on a quantised grid also rounded to it and clamped at its end, with a straight-through gradient.
final class ReLUOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let grid: ActivationGrid?

    init(input: Signal, output: Signal, grid: ActivationGrid?) {
        self.input = input
        self.output = output
        self.grid = grid
    }

    func forward(_ context: PassContext) {
        let count = input.values.samples * input.values.channels
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            if let grid {
                for index in 0..<count { y[index] = grid.round(x[index]) }
            } else {
                for index in 0..<count { y[index] = x[index] > 0 ? x[index] : 0 }
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let count = input.values.samples * input.values.channels
        let limit = grid?.bounds.high ?? .infinity
        for window in 0..<context.count {
            let x = input.values.window(window)
            let g = gradient.window(window)
            let d = target.window(window)
            for index in 0..<count { d[index] = x[index] > 0 && x[index] < limit ? g[index] : 0 }
        }
    }
}
