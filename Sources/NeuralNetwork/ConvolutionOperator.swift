import ModelArtifact
import TensorKernels

/// One-dimensional convolution as matrix products with overlapping rows; no copy of the input is unrolled.
///
/// - Shapes: input (windows × samples × channels), weight (filters × kernel × channels), output (windows ×
///   ⌈samples / stride⌉ × filters).
final class ConvolutionOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let kernel: Int
    private let stride: Int
    private let weight: Int
    /// `nil` where batch norm follows, which takes any bias away again.
    private let bias: Int?
    private let kernels: KernelTable
    private let forwardPacked: FloatBuffer
    private let phases: [Phase]

    /// The input samples that meet the same taps: those of one residue modulo the stride.
    private struct Phase {
        /// Taps are `first`, `first + stride`, ...
        var first: Int
        var taps: Int
        /// First input sample, counted without padding, and how many follow by `stride`.
        var start: Int
        var count: Int
        /// Output sample that `start` meets with tap `first`.
        var meets: Int
        var packed: FloatBuffer
    }

    init(
        input: Signal, output: Signal, kernel: Int, stride: Int, weight: Int, bias: Int?, training: Bool,
        kernels: KernelTable
    ) {
        self.input = input
        self.output = output
        self.kernel = kernel
        self.stride = stride
        self.weight = weight
        self.bias = bias
        self.kernels = kernels
        let channels = input.values.channels
        let filters = output.values.channels
        forwardPacked = FloatBuffer(count: kernels.packedCount(depth: kernel * channels, columns: filters))
        var phases: [Phase] = []
        if training, input.gradient != nil {
            for (first, taps, start, count, meets) in Self.phases(
                samples: input.values.samples, kernel: kernel, stride: stride)
            {
                let packed = FloatBuffer(count: kernels.packedCount(depth: taps * filters, columns: channels))
                phases.append(
                    Phase(first: first, taps: taps, start: start, count: count, meets: meets, packed: packed))
            }
        }
        self.phases = phases
    }

    private static func phases(samples: Int, kernel: Int, stride: Int) -> [(Int, Int, Int, Int, Int)] {
        let before = NetworkSpec.padding(samples: samples, kernel: kernel, stride: stride).before
        return (0..<min(stride, kernel)).compactMap { first in
            // Padded sample stride · j + first meets output j with tap `first`.
            let j = before <= first ? 0 : (before - first + stride - 1) / stride
            let start = stride * j + first - before
            guard start < samples else { return nil }
            let taps = (kernel - first + stride - 1) / stride
            return (first, taps, start, (samples - start + stride - 1) / stride, j)
        }
    }

    /// Zeros that the output's gradient needs around it, so that every input sample meets all its taps.
    static func gradientPadding(samples: Int, kernel: Int, stride: Int) -> (before: Int, after: Int) {
        let outputs = (samples + stride - 1) / stride
        var before = 0
        var after = 0
        for (_, taps, _, count, meets) in phases(samples: samples, kernel: kernel, stride: stride) {
            before = max(before, taps - 1 - meets)
            after = max(after, meets + count - outputs)
        }
        return (before, after)
    }

    var scratchCount: Int {
        kernels.outerScratchCount(m: output.values.channels, n: kernel * input.values.channels)
    }

    func load(_ parameters: UnsafePointer<Float>, _ kernels: KernelTable) {
        let channels = input.values.channels
        let filters = output.values.channels
        let depth = kernel * channels
        kernels.pack(
            into: forwardPacked.pointer, depth: depth, count: depth, columns: filters, source: parameters + weight,
            depthStride: 1, columnStride: depth)
        for phase in phases {
            for tap in 0..<phase.taps {
                // Taps run backwards along the gradient's rows.
                let source = parameters + weight + (phase.first + stride * (phase.taps - 1 - tap)) * channels
                kernels.pack(
                    into: phase.packed.pointer, depth: phase.taps * filters, offset: tap * filters, count: filters,
                    columns: channels, source: source, depthStride: depth, columnStride: 1)
            }
        }
    }

    func forward(_ context: PassContext) {
        context.kernels.multiply(
            inputRows(context.count), depth: kernel * input.values.channels, packed: forwardPacked.pointer,
            columns: output.values.channels, bias: bias.map { context.parameters + $0 },
            into: output.values.rows(context.count))
    }

    private func inputRows(_ count: Int) -> FloatRows {
        input.values.rows(count, from: -input.values.before, step: stride, rows: output.values.samples)
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient else { return }
        let filters = output.values.channels
        let rows = gradient.rows(context.count)
        context.kernels.addOuter(
            rows, m: filters, inputRows(context.count), n: kernel * input.values.channels,
            to: context.gradients + weight, scratch: context.scratch)
        if let bias { context.kernels.addColumnSums(rows, channels: filters, to: context.gradients + bias) }
        guard let target = input.gradient else { return }
        if kernel < stride { clear(target, context.count) }
        for phase in phases {
            context.kernels.multiply(
                gradient.rows(context.count, from: phase.meets - phase.taps + 1, step: 1, rows: phase.count),
                depth: phase.taps * filters, packed: phase.packed.pointer, columns: input.values.channels,
                into: target.rows(context.count, from: phase.start, step: stride, rows: phase.count))
        }
    }

    /// Samples that no tap meets have no gradient.
    private func clear(_ target: PaddedActivation, _ count: Int) {
        for window in 0..<count {
            target.window(window).update(repeating: 0, count: target.samples * target.channels)
        }
    }
}
