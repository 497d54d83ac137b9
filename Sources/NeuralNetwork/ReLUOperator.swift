/// max(0, x).
final class ReLUOperator: Operator {
    private let input: Signal
    private let output: Signal

    init(input: Signal, output: Signal) {
        self.input = input
        self.output = output
    }

    func forward(_ context: PassContext) {
        let count = input.values.samples * input.values.channels
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            for index in 0..<count { y[index] = x[index] > 0 ? x[index] : 0 }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let count = input.values.samples * input.values.channels
        for window in 0..<context.count {
            let x = input.values.window(window)
            let g = gradient.window(window)
            let d = target.window(window)
            for index in 0..<count { d[index] = x[index] > 0 ? g[index] : 0 }
        }
    }
}
