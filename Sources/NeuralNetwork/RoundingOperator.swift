/// Rounds activations to a quantised grid, with a straight-through gradient between its ends.
final class RoundingOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let grid: ActivationGrid

    init(input: Signal, output: Signal, grid: ActivationGrid) {
        self.input = input
        self.output = output
        self.grid = grid
    }

    func forward(_ context: PassContext) {
        let count = input.values.samples * input.values.channels
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            for index in 0..<count { y[index] = grid.round(x[index]) }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let count = input.values.samples * input.values.channels
        let (low, high) = grid.bounds
        for window in 0..<context.count {
            let x = input.values.window(window)
            let g = gradient.window(window)
            let d = target.window(window)
            for index in 0..<count { d[index] = x[index] > low && x[index] < high ? g[index] : 0 }
        }
    }
}
