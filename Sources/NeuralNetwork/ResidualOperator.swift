import TensorKernels

/// A chain of operators whose output is added to its input, or to a projection of it.
final class ResidualOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let block: [any Operator]
    /// Views of the input's values, each with a gradient of its own: block and shortcut both write one.
    private let blockInput: Signal
    private let shortcutInput: Signal
    private let blockOutput: Signal
    private let projection: (operation: any Operator, output: Signal)?

    /// - Parameters:
    ///   - block: reads `blockInput` and writes `blockOutput`.
    ///   - shortcutInput: what the projection reads; without one, where the input's gradient through the shortcut stands.
    init(
        input: Signal, output: Signal, block: [any Operator], blockInput: Signal, blockOutput: Signal,
        shortcutInput: Signal, projection: (operation: any Operator, output: Signal)?
    ) {
        self.input = input
        self.output = output
        self.block = block
        self.blockInput = blockInput
        self.blockOutput = blockOutput
        self.shortcutInput = shortcutInput
        self.projection = projection
    }

    private var operators: [any Operator] { block + [projection?.operation].compactMap { $0 } }

    var scratchCount: Int { operators.map(\.scratchCount).max() ?? 0 }

    func load(_ parameters: UnsafePointer<Float>, _ kernels: KernelTable) {
        for operation in operators { operation.load(parameters, kernels) }
    }

    func forward(_ context: PassContext) {
        for operation in operators { operation.forward(context) }
        add(blockOutput.values, projection?.output.values ?? input.values, into: output.values, context.count)
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient else { return }
        copy(gradient, to: blockOutput.gradient, context.count)
        copy(gradient, to: projection?.output.gradient ?? shortcutInput.gradient, context.count)
        for operation in operators.reversed() { operation.backward(context) }
        if let target = input.gradient, let block = blockInput.gradient, let shortcut = shortcutInput.gradient {
            add(block, shortcut, into: target, context.count)
        }
    }

    private func add(_ a: PaddedActivation, _ b: PaddedActivation, into sum: PaddedActivation, _ count: Int) {
        let size = sum.samples * sum.channels
        for window in 0..<count {
            let (a, b, sum) = (a.window(window), b.window(window), sum.window(window))
            for index in 0..<size { sum[index] = a[index] + b[index] }
        }
    }

    private func copy(_ from: PaddedActivation, to target: PaddedActivation?, _ count: Int) {
        guard let target else { return }
        let size = from.samples * from.channels
        for window in 0..<count { target.window(window).update(from: from.window(window), count: size) }
    }
}
