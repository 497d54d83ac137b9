import ModelArtifact
import TensorKernels

/// Convolution over samples and columns as a sum over kernel rows of matrix products with overlapping rows; no copy of
/// the input is unrolled. It also serves dilated convolutions (one column) and shortcuts (a kernel of one).
///
/// - Shapes: input (windows × samples × columns × channels), weight (filters × kernel rows × kernel columns × channels),
///   output (windows × ⌈samples / stride⌉ × ⌈columns / stride⌉ × filters).
final class Convolution2DOperator: Operator {
    /// What a convolution of this kind is made of.
    struct Shape {
        var input: NetworkSpec.Extent
        var output: NetworkSpec.Extent
        var kernel: NetworkSpec.Size2D
        var stride: NetworkSpec.Size2D
        /// Samples from one kernel row to the next.
        var dilation = 1
    }

    private let input: Signal
    private let output: Signal
    private let shape: Shape
    private let weight: Int
    /// `nil` where batch norm follows, which takes any bias away again.
    private let bias: Int?
    /// The input, or a copy with zeros around each window.
    private let source: PaddedPlane
    /// The input's gradient with as many zeros around.
    private let sink: PaddedPlane?
    /// A right side (kernel columns · channels × filters) a kernel row.
    private let forwardPacked: [FloatBuffer]
    /// A right side (filters × channels) a tap.
    private let backwardPacked: [FloatBuffer]
    /// (filters × kernel columns · channels).
    private let rowGradient: FloatBuffer
    private let outerScratch: Int

    init(
        input: Signal, output: Signal, shape: Shape, weight: Int, bias: Int?, capacity: Int, training: Bool,
        kernels: KernelTable
    ) {
        self.input = input
        self.output = output
        self.shape = shape
        self.weight = weight
        self.bias = bias
        let depth = shape.kernel.columns * shape.input.channels
        let filters = shape.output.channels
        source = PaddedPlane(shape, capacity: capacity)
        sink = training && input.gradient != nil ? PaddedPlane(shape, capacity: capacity) : nil
        forwardPacked = (0..<shape.kernel.rows).map { _ in
            FloatBuffer(count: kernels.packedCount(depth: depth, columns: filters))
        }
        backwardPacked =
            sink == nil
            ? []
            : (0..<shape.kernel.count).map { _ in
                FloatBuffer(count: kernels.packedCount(depth: filters, columns: shape.input.channels))
            }
        rowGradient = FloatBuffer(count: training ? filters * depth : 0)
        outerScratch = kernels.outerScratchCount(m: filters, n: depth)
    }

    var scratchCount: Int { outerScratch }

    func load(_ parameters: UnsafePointer<Float>, _ kernels: KernelTable) {
        let channels = shape.input.channels
        let filters = shape.output.channels
        let depth = shape.kernel.columns * channels
        let filter = shape.kernel.rows * depth
        for (row, packed) in forwardPacked.enumerated() {
            kernels.pack(
                into: packed.pointer, depth: depth, count: depth, columns: filters,
                source: parameters + weight + row * depth, depthStride: 1, columnStride: filter)
        }
        for (tap, packed) in backwardPacked.enumerated() {
            kernels.pack(
                into: packed.pointer, depth: filters, count: filters, columns: channels,
                source: parameters + weight + tap * channels, depthStride: filter, columnStride: 1)
        }
    }

    func forward(_ context: PassContext) {
        source.fill(from: input.values, context.count)
        for part in parts(context.count) {
            for (row, packed) in forwardPacked.enumerated() {
                context.kernels.multiply(
                    source.rows(part, kernelRow: row, kernelColumn: 0), depth: shape.kernel.columns * source.channels,
                    packed: packed.pointer, columns: shape.output.channels,
                    bias: row == 0 ? bias.map { context.parameters + $0 } : nil, into: outputRows(output.values, part),
                    accumulate: row > 0)
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient else { return }
        let filters = shape.output.channels
        let depth = shape.kernel.columns * shape.input.channels
        if let bias {
            context.kernels.addColumnSums(
                gradient.rows(context.count), channels: filters, to: context.gradients + bias)
        }
        for row in 0..<shape.kernel.rows {
            rowGradient.fill(0)
            for part in parts(context.count) {
                context.kernels.addOuter(
                    outputRows(gradient, part), m: filters, source.rows(part, kernelRow: row, kernelColumn: 0),
                    n: depth, to: rowGradient.pointer, scratch: context.scratch)
            }
            for filter in 0..<filters {
                let to = context.gradients + weight + (filter * shape.kernel.rows + row) * depth
                for k in 0..<depth { to[k] += rowGradient.pointer[filter * depth + k] }
            }
        }
        guard let sink, let target = input.gradient else { return }
        sink.clear(context.count)
        for part in parts(context.count) {
            for (tap, packed) in backwardPacked.enumerated() {
                context.kernels.multiply(
                    outputRows(gradient, part), depth: filters, packed: packed.pointer, columns: sink.channels,
                    into: sink.rows(
                        part, kernelRow: tap / shape.kernel.columns, kernelColumn: tap % shape.kernel.columns),
                    accumulate: true)
            }
        }
        sink.copy(to: target, context.count)
    }

    /// Windows whose rows one product can take: all where there is one column, else one by one.
    private func parts(_ count: Int) -> [Range<Int>] {
        shape.output.columns == 1 ? [0..<count] : (0..<count).map { $0..<$0 + 1 }
    }

    private func outputRows(_ activation: PaddedActivation, _ windows: Range<Int>) -> FloatRows {
        FloatRows(
            base: activation.window(windows.lowerBound), groupStride: activation.windowStride,
            rowStride: activation.channels, rows: activation.samples, groups: windows.count)
    }
}
