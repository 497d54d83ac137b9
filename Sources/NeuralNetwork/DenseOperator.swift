import TensorKernels

/// A dense layer on flattened input.
///
/// - Shapes: input (windows × inputs), weight (units × inputs), output (windows × units).
final class DenseOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let inputs: Int
    private let units: Int
    private let weight: Int
    private let bias: Int
    private let kernels: KernelTable
    private let forwardPacked: FloatBuffer
    private let backwardPacked: FloatBuffer

    init(input: Signal, output: Signal, weight: Int, bias: Int, kernels: KernelTable) {
        precondition(input.values.before == 0 && input.values.after == 0, "flattened input has no padding")
        self.input = input
        self.output = output
        inputs = input.values.samples * input.values.channels
        units = output.values.channels
        self.weight = weight
        self.bias = bias
        self.kernels = kernels
        forwardPacked = FloatBuffer(count: kernels.packedCount(depth: inputs, columns: units))
        backwardPacked = FloatBuffer(
            count: input.gradient == nil ? 0 : kernels.packedCount(depth: units, columns: inputs))
    }

    var scratchCount: Int { kernels.outerScratchCount(m: units, n: inputs) }

    func load(_ parameters: UnsafePointer<Float>, _ kernels: KernelTable) {
        kernels.pack(
            into: forwardPacked.pointer, depth: inputs, count: inputs, columns: units, source: parameters + weight,
            depthStride: 1, columnStride: inputs)
        if input.gradient != nil {
            kernels.pack(
                into: backwardPacked.pointer, depth: units, count: units, columns: inputs, source: parameters + weight,
                depthStride: inputs, columnStride: 1)
        }
    }

    /// One row a window.
    private func flat(_ activation: PaddedActivation, _ count: Int, columns: Int) -> FloatRows {
        FloatRows(base: activation.window(0), rowStride: columns, rows: count)
    }

    func forward(_ context: PassContext) {
        context.kernels.multiply(
            flat(input.values, context.count, columns: inputs), depth: inputs, packed: forwardPacked.pointer,
            columns: units, bias: context.parameters + bias, into: flat(output.values, context.count, columns: units))
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient else { return }
        let rows = FloatRows(
            base: gradient.window(0), rowStride: gradient.windowStride, rows: context.count)
        context.kernels.addOuter(
            rows, m: units, flat(input.values, context.count, columns: inputs), n: inputs,
            to: context.gradients + weight, scratch: context.scratch)
        context.kernels.addColumnSums(rows, channels: units, to: context.gradients + bias)
        if let target = input.gradient {
            context.kernels.multiply(
                rows, depth: units, packed: backwardPacked.pointer, columns: inputs,
                into: FloatRows(base: target.window(0), rowStride: target.windowStride, rows: context.count))
        }
    }
}
