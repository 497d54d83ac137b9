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

    /// A run of layers: the network's, or those inside of a residual layer.
    private struct Chain {
        var layers: [NetworkSpec.Layer]
        var extents: [NetworkSpec.Extent]
        /// Of the tensors: `layers.` or `layers.3.block.`.
        var prefix: String
        /// Index of the residual layer that holds the chain.
        var holder: Int?

        func name(_ index: Int) -> String { "\(prefix)\(index)" }

        func follows(_ layer: NetworkSpec.Layer, _ index: Int) -> Bool {
            index + 1 < layers.count && layers[index + 1] == layer
        }
    }

    /// - Parameter inputGradient: keeps the gradient by the network's input too.
    init(
        spec: NetworkSpec, layout: ParameterLayout, capacity: Int, training: Bool, inputGradient: Bool,
        grids: [Int: ActivationGrid], kernels: KernelTable
    ) {
        self.spec = spec
        self.layout = layout
        self.capacity = capacity
        self.training = training
        self.grids = grids
        self.kernels = kernels
        precondition(spec.extents.allSatisfy { $0.count > 0 }, "every layer has outputs")
        first = Signal(
            values: PassBuilder.activation(spec.input, readBy: spec.layers.first, capacity),
            gradient: inputGradient ? PassBuilder.activation(spec.input, readBy: nil, capacity) : nil)
        last = first
    }

    /// An activation of an extent, padded if a convolution reads it. Columns stand in line with samples.
    private static func activation(
        _ extent: NetworkSpec.Extent, readBy layer: NetworkSpec.Layer?, _ capacity: Int
    ) -> PaddedActivation {
        var padding = (before: 0, after: 0)
        var reader = layer
        // The first layer of a block reads what the residual layer does.
        if case .residual(let block) = layer { reader = block.first }
        if case .convolution(_, let kernel, let stride, 1) = reader {
            padding = NetworkSpec.padding(samples: extent.samples, kernel: kernel, stride: stride)
        }
        return PaddedActivation(
            capacity: capacity, samples: extent.positions, channels: extent.channels, before: padding.before,
            after: padding.after)
    }

    mutating func build() -> [any Operator] {
        let chain = Chain(layers: spec.layers, extents: spec.extents, prefix: "layers.", holder: nil)
        let links = build(chain, from: first)
        for link in links {
            outputs[link.layer] = link.output.values
            gradients[link.layer] = link.output.gradient
            last = link.output
        }
        layers = links.map(\.layer)
        return links.map(\.operation)
    }

    /// An operator of a chain.
    private struct Link {
        var operation: any Operator
        var output: Signal
        /// Index of the layer that it ends with.
        var layer: Int
    }

    private func build(_ chain: Chain, from input: Signal) -> [Link] {
        var links: [Link] = []
        var last = input
        var index = 0
        while index < chain.layers.count {
            // Batch norm takes the ReLU behind it along.
            var next = index + 1
            var fused = false
            if chain.layers[index] == .batchNorm, chain.follows(.relu, index), chain.holder != nil || grids[next] == nil
            {
                fused = true
                next += 1
            }
            let reader = next < chain.layers.count ? chain.layers[next] : nil
            let rounding = chain.layers[index].isRounded && chain.holder == nil ? grids[index] : nil
            let output = signal(
                after: chain.layers[index], chain.extents[index], chain.extents[index + 1],
                readBy: rounding == nil ? reader : nil)
            links.append(
                Link(
                    operation: makeOperator(chain, index, input: last, output: output, fused: fused), output: output,
                    layer: next - 1))
            last = output
            if let rounding {
                // What a weighted layer puts out without a ReLU behind it.
                last = signal(after: .relu, chain.extents[next], chain.extents[next], readBy: reader)
                links.append(
                    Link(
                        operation: RoundingOperator(input: output, output: last, grid: rounding), output: last,
                        layer: next - 1))
            }
            index = next
        }
        return links
    }

    /// The output of a layer; its gradient is padded if a convolution made it.
    private func signal(
        after layer: NetworkSpec.Layer, _ input: NetworkSpec.Extent, _ output: NetworkSpec.Extent,
        readBy reader: NetworkSpec.Layer?
    ) -> Signal {
        let values = Self.activation(output, readBy: reader, capacity)
        guard training else { return Signal(values: values, gradient: nil) }
        var padding = (before: 0, after: 0)
        if case .convolution(_, let kernel, let stride, 1) = layer {
            padding = ConvolutionOperator.gradientPadding(samples: input.samples, kernel: kernel, stride: stride)
        }
        let gradient = PaddedActivation(
            capacity: capacity, samples: values.samples, channels: values.channels, before: padding.before,
            after: padding.after)
        return Signal(values: values, gradient: gradient)
    }

    private func makeOperator(
        _ chain: Chain, _ index: Int, input: Signal, output: Signal, fused: Bool
    ) -> any Operator {
        let name = chain.name(index)
        let (from, to) = (chain.extents[index], chain.extents[index + 1])
        let grid = chain.holder == nil ? grids[index] : nil
        switch chain.layers[index] {
        case .convolution, .depthwiseConvolution, .convolution2D:
            return makeConvolution(chain, index, input: input, output: output)
        case .spectrogram(let frame, let hop):
            return SpectrogramOperator(
                input: input, output: output, to: to, frame: frame, hop: hop, capacity: capacity, kernels: kernels)
        case .batchNorm:
            return BatchNormOperator(
                input: input, output: output, relu: fused, scale: layout.offset(name, .weight),
                shift: layout.offset(name, .bias), mean: layout.offset(name, .mean),
                variance: layout.offset(name, .variance))
        case .relu:
            // An unsigned grid begins at 0: rounding to it is the ReLU too.
            if let grid { return RoundingOperator(input: input, output: output, grid: grid) }
            return ReLUOperator(input: input, output: output)
        case .relu6: return ActivationOperator(input: input, output: output, function: .relu6)
        case .gelu: return ActivationOperator(input: input, output: output, function: .gelu)
        case .sigmoid: return ActivationOperator(input: input, output: output, function: .sigmoid)
        case .tanh: return ActivationOperator(input: input, output: output, function: .tanh)
        case .softmax: return SoftmaxOperator(input: input, output: output)
        case .maxPool(let size): return MaxPoolOperator(input: input, output: output, size: size)
        case .globalMaxPool: return MaxPoolOperator(input: input, output: output, size: from.positions)
        case .averagePool(let size): return AveragePoolOperator(input: input, output: output, size: size, grid: grid)
        case .globalAveragePool:
            return AveragePoolOperator(input: input, output: output, size: from.positions, grid: grid)
        case .maxPool2D(let size):
            return MaxPool2DOperator(input: input, output: output, from: from, size: size, capacity: capacity)
        case .averagePool2D(let size):
            return AveragePool2DOperator(input: input, output: output, from: from, to: to, size: size)
        case .dropout(let rate):
            // Every dropout draws from a stream of its own.
            let stream = chain.holder.map { ($0 + 1) * 128 + index } ?? index
            return DropoutOperator(input: input, output: output, rate: rate, layer: stream, capacity: capacity)
        case .dense:
            return DenseOperator(
                input: input, output: output, weight: layout.offset(name, .weight), bias: layout.offset(name, .bias),
                kernels: kernels)
        case .gru:
            return RecurrentOperator(
                input: input, output: output,
                parameters: RecurrentOperator.Parameters(
                    weight: layout.offset(name, .weight), bias: layout.offset(name, .bias),
                    recurrentWeight: layout.offset(name, .recurrentWeight),
                    recurrentBias: layout.offset(name, .recurrentBias)), capacity: capacity, training: training,
                kernels: kernels)
        case .residual(let block):
            return makeResidual(block, index, from: from, to: to, input: input, output: output)
        }
    }

    private func makeConvolution(_ chain: Chain, _ index: Int, input: Signal, output: Signal) -> any Operator {
        let name = chain.name(index)
        let weight = layout.offset(name, .weight)
        let bias = chain.follows(.batchNorm, index) ? nil : layout.offset(name, .bias)
        var shape = Convolution2DOperator.Shape(
            input: chain.extents[index], output: chain.extents[index + 1], kernel: NetworkSpec.Size2D(1, 1),
            stride: NetworkSpec.Size2D(1, 1))
        switch chain.layers[index] {
        case .convolution(_, let kernel, let stride, 1):
            return ConvolutionOperator(
                input: input, output: output, kernel: kernel, stride: stride, weight: weight, bias: bias,
                training: training, kernels: kernels)
        case .depthwiseConvolution(let kernel, let stride, let dilation):
            return DepthwiseConvolutionOperator(
                input: input, output: output, kernel: kernel, stride: stride, dilation: dilation, weight: weight,
                bias: bias)
        case .convolution(_, let kernel, let stride, let dilation):
            shape.kernel.rows = kernel
            shape.stride.rows = stride
            shape.dilation = dilation
        case .convolution2D(_, let kernel, let stride):
            shape.kernel = kernel
            shape.stride = stride
        default: preconditionFailure("\(name) is no convolution")
        }
        return Convolution2DOperator(
            input: input, output: output, shape: shape, weight: weight, bias: bias, capacity: capacity,
            training: training, kernels: kernels)
    }

    private func makeResidual(
        _ block: [NetworkSpec.Layer], _ index: Int, from: NetworkSpec.Extent, to: NetworkSpec.Extent, input: Signal,
        output: Signal
    ) -> any Operator {
        /// A view of the input with a gradient of its own, if the input has one.
        func view() -> Signal {
            Signal(
                values: input.values,
                gradient: input.gradient.map { _ in Self.activation(from, readBy: nil, capacity) })
        }
        let chain = Chain(
            layers: block, extents: NetworkSpec.extents(of: block, from: from), prefix: "layers.\(index).block.",
            holder: index)
        let (blockInput, shortcutInput) = (view(), view())
        let links = build(chain, from: blockInput)
        guard let blockOutput = links.last?.output, let shortcut = NetworkSpec.Shortcut(from: from, to: to) else {
            preconditionFailure("a valid residual layer has a block and a shortcut")
        }
        var projection: (operation: any Operator, output: Signal)?
        if case .projection(let stride) = shortcut {
            let projected = Signal(
                values: Self.activation(to, readBy: nil, capacity),
                gradient: training ? Self.activation(to, readBy: nil, capacity) : nil)
            let name = "layers.\(index).shortcut"
            let operation = Convolution2DOperator(
                input: shortcutInput, output: projected,
                shape: Convolution2DOperator.Shape(
                    input: from, output: to, kernel: NetworkSpec.Size2D(1, 1), stride: stride),
                weight: layout.offset(name, .weight), bias: layout.offset(name, .bias), capacity: capacity,
                training: training, kernels: kernels)
            projection = (operation, projected)
        }
        return ResidualOperator(
            input: input, output: output, block: links.map(\.operation), blockInput: blockInput,
            blockOutput: blockOutput,
            shortcutInput: shortcutInput, projection: projection)
    }
}

extension NetworkSpec.Layer {
    /// Whether an operator of its own rounds what the layer puts out.
    fileprivate var isRounded: Bool {
        switch self {
        case .convolution, .depthwiseConvolution, .dense: true
        default: false
        }
    }
}
