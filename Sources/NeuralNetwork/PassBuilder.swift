import ModelArtifact
import TensorKernels

/// Makes a network's operators and the activations between them, each padded as its neighbours need.
struct PassBuilder {
    let spec: NetworkSpec
    let layout: ParameterLayout
    let capacity: Int
    let training: Bool
    let grids: [Int: ActivationGrid]
    let kernels: KernelTable
    private(set) var first: Signal
    private(set) var last: Signal
    /// What each layer puts out, by its index; of batch norm with its ReLU only the latter.
    private(set) var outputs: [Int: PaddedActivation] = [:]
    /// Gradients of ``outputs``, in a pass made for training.
    private(set) var gradients: [Int: PaddedActivation] = [:]
    /// Layer whose output each operator writes.
    private(set) var layers: [Int] = []
    private let extents: [NetworkSpec.Extent]

    init(
        spec: NetworkSpec, layout: ParameterLayout, capacity: Int, training: Bool, grids: [Int: ActivationGrid],
        kernels: KernelTable
    ) {
        self.spec = spec
        self.layout = layout
        self.capacity = capacity
        self.training = training
        self.grids = grids
        self.kernels = kernels
        extents = spec.extents
        precondition(extents.allSatisfy { $0.count > 0 }, "every layer has outputs")
        let input = PassBuilder.padded(spec, extents, readBy: 0, capacity)
        first = Signal(values: input, gradient: nil)
        last = first
    }

    /// An activation that layer `index` reads, padded if that is a convolution.
    private static func padded(
        _ spec: NetworkSpec, _ extents: [NetworkSpec.Extent], readBy index: Int, _ capacity: Int
    ) -> PaddedActivation {
        let extent = extents[index]
        var padding = (before: 0, after: 0)
        if index < spec.layers.count, case .convolution(_, let kernel, let stride) = spec.layers[index] {
            padding = NetworkSpec.padding(samples: extent.samples, kernel: kernel, stride: stride)
        }
        return PaddedActivation(
            capacity: capacity, samples: extent.samples, channels: extent.channels, before: padding.before,
            after: padding.after)
    }

    mutating func build() -> [any Operator] {
        var operators: [any Operator] = []
        var index = 0
        while index < spec.layers.count {
            // Batch norm takes the ReLU behind it along.
            var next = index + 1
            var fused = false
            if spec.layers[index] == .batchNorm, next < spec.layers.count, spec.layers[next] == .relu,
                grids[next] == nil
            {
                fused = true
                next += 1
            }
            let output = signal(after: index, readBy: next)
            operators.append(makeOperator(index, output: output, fused: fused))
            last = output
            outputs[next - 1] = output.values
            gradients[next - 1] = output.gradient
            layers.append(next - 1)
            index = next
        }
        return operators
    }

    /// The output of layer `index`, read by layer `next`; its gradient is padded if a convolution made it.
    private func signal(after index: Int, readBy next: Int) -> Signal {
        let values = Self.padded(spec, extents, readBy: next, capacity)
        guard training else { return Signal(values: values, gradient: nil) }
        var padding = (before: 0, after: 0)
        if case .convolution(_, let kernel, let stride) = spec.layers[index] {
            padding = ConvolutionOperator.gradientPadding(
                samples: extents[index].samples, kernel: kernel, stride: stride)
        }
        let gradient = PaddedActivation(
            capacity: capacity, samples: values.samples, channels: values.channels, before: padding.before,
            after: padding.after)
        return Signal(values: values, gradient: gradient)
    }

    private func makeOperator(_ index: Int, output: Signal, fused: Bool) -> any Operator {
        switch spec.layers[index] {
        case .convolution(_, let kernel, let stride):
            let normalised = index + 1 < spec.layers.count && spec.layers[index + 1] == .batchNorm
            return ConvolutionOperator(
                input: last, output: output, kernel: kernel, stride: stride, weight: layout.offset(index, .weight),
                bias: normalised ? nil : layout.offset(index, .bias), training: training, kernels: kernels)
        case .batchNorm:
            return BatchNormOperator(
                input: last, output: output, relu: fused, scale: layout.offset(index, .weight),
                shift: layout.offset(index, .bias), mean: layout.offset(index, .mean),
                variance: layout.offset(index, .variance))
        case .relu:
            return ReLUOperator(input: last, output: output, grid: grids[index])
        case .maxPool(let size):
            return MaxPoolOperator(input: last, output: output, size: size)
        case .averagePool(let size):
            return AveragePoolOperator(input: last, output: output, size: size, grid: grids[index])
        case .globalAveragePool:
            return AveragePoolOperator(input: last, output: output, size: extents[index].samples, grid: grids[index])
        case .dropout(let rate):
            return DropoutOperator(input: last, output: output, rate: rate, layer: index, capacity: capacity)
        case .dense:
            return DenseOperator(
                input: last, output: output, weight: layout.offset(index, .weight), bias: layout.offset(index, .bias),
                kernels: kernels)
        }
    }
}
