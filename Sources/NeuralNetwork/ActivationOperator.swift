import TensorKernels

/// An activation that looks at one value at a time: ReLU6, GELU, sigmoid and hyperbolic tangent.
final class ActivationOperator: Operator {
    enum Function {
        case relu6, gelu, sigmoid, tanh
    }

    private let input: Signal
    private let output: Signal
    private let function: Function
    private var count: Int { input.values.samples * input.values.channels }

    init(input: Signal, output: Signal, function: Function) {
        self.input = input
        self.output = output
        self.function = function
    }

    func forward(_ context: PassContext) {
        switch function {
        case .relu6: map(context) { min(6, max(0, $0)) }
        case .gelu: map(context) { $0 * normalShare($0) }
        case .sigmoid: map(context, logistic)
        case .tanh: map(context, hyperbolicTangent)
        }
    }

    func backward(_ context: PassContext) {
        switch function {
        case .relu6: chain(context) { x, _ in x > 0 && x < 6 ? 1 : 0 }
        case .gelu:
            // The density of the standard normal is Φ's derivative.
            chain(context) { x, _ in normalShare(x) + x * 0.398_942_28 * exponential(-0.5 * x * x) }
        case .sigmoid: chain(context) { _, y in y * (1 - y) }
        case .tanh: chain(context) { _, y in 1 - y * y }
        }
    }

    @inline(__always)
    private func map(_ context: PassContext, _ function: (Float) -> Float) {
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            for index in 0..<count { y[index] = function(x[index]) }
        }
    }

    /// - Parameter slope: of an input and its output.
    @inline(__always)
    private func chain(_ context: PassContext, _ slope: (Float, Float) -> Float) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            let g = gradient.window(window)
            let d = target.window(window)
            for index in 0..<count { d[index] = g[index] * slope(x[index], y[index]) }
        }
    }
}
