import ModelArtifact
import NeuralNetwork

extension ONNXGraphReader {
    /// Takes one node along.
    mutating func step(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        guard let output = node.output.first else { throw node.unsupported("it has no output") }
        switch node.opType {
        case "Identity", "Dropout": break
        case "Transpose": try transpose(node, &stream)
        case "Flatten", "Reshape", "Squeeze", "Unsqueeze": try lay(node, &stream)
        case "Conv": try convolve(node, &stream)
        case "BatchNormalization": try normalise(node, &stream)
        case "Relu", "Sigmoid", "Tanh", "Softmax", "LogSoftmax", "Clip", "Gelu":
            try activate(node, &stream, isLast: reader(of: output) == nil)
        case "MaxPool", "AveragePool": try pool(node, &stream)
        case "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax": try poolAll(node, &stream)
        case "Gemm", "MatMul":
            try multiply(node, &stream)
            return
        default: try scale(node, stream)
        }
        stream.tensor = output
    }

    mutating func append(
        _ layer: NetworkSpec.Layer, _ stream: inout ONNXStream, _ tensors: [NetworkWeights.Tensor] = []
    ) {
        layers.append(Built(layer: layer, tensors: tensors))
        stream.extent = layer.output(of: stream.extent)
    }

    /// An elementary operator with a constant: the normalisation of the input.
    private mutating func scale(_ node: ONNXNode, _ stream: ONNXStream) throws(ExchangeError) {
        let isFirst = node.input(at: 0) == stream.tensor
        let constant = try constant(node, isFirst ? 1 : 0)
        guard layers.isEmpty, isFirst || node.opType == "Add" || node.opType == "Mul" else {
            throw node.unsupported("only what normalises the input may be added or multiplied as a constant")
        }
        // Along the channels' axis, or the same for all.
        let behind = stream.axes.firstIndex(of: .channels).map { stream.axes.count - 1 - $0 } ?? 0
        let axis = constant.shape.count - 1 - behind
        guard constant.count == 1 || (axis >= 0 && constant.shape[axis] == constant.count),
            constant.count == 1 || constant.count == stream.extent.channels
        else { throw node.unsupported("a constant of shape \(constant.shape) is not one value a channel") }
        normalisation.apply(node.opType, try constant.floats())
    }

    private mutating func normalise(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        try node.allow(["epsilon", "momentum", "training_mode", "spatial"])
        guard node.int("training_mode") ?? 0 == 0 else { throw node.unsupported("training_mode is 1") }
        guard node.int("spatial") ?? 1 == 1 else { throw node.unsupported("spatial is 0") }
        guard stream.axes.first == .channels else {
            throw node.unsupported("it normalises an axis that is not that of channels")
        }
        let channels = stream.extent.channels
        var values: [[Float]] = []
        for index in 1...4 {
            let constant = try constant(node, index)
            guard constant.shape == [channels] else {
                throw node.unsupported("input \(index) has the shape \(constant.shape), not [\(channels)]")
            }
            values.append(try constant.floats())
        }
        let epsilon = node.float("epsilon") ?? 1e-5
        guard epsilon >= 0, values[3].allSatisfy({ $0 >= 0 && $0 + epsilon > 0 }) else {
            throw node.unsupported("a variance is not above 0")
        }
        if epsilon != NetworkPass.normEpsilon {
            for channel in 0..<channels {
                let ratio = (values[3][channel] + NetworkPass.normEpsilon) / (values[3][channel] + epsilon)
                values[0][channel] *= ratio.squareRoot()
            }
        }
        // Batch norm takes a bias before it away, and so a network has none there.
        if let last = layers.indices.last, let bias = layers[last].tensors.firstIndex(where: { $0.name == "bias" }) {
            switch layers[last].layer {
            case .convolution, .depthwiseConvolution, .dense:
                for channel in 0..<channels {
                    values[2][channel] -= layers[last].tensors[bias].values[channel]
                    layers[last].tensors[bias].values[channel] = 0
                }
            default: break
            }
        }
        let names = ["weight", "bias", "running_mean", "running_var"]
        append(
            .batchNorm, &stream,
            zip(names, values).map { NetworkWeights.Tensor(name: $0, shape: [channels], values: $1) })
    }

    private mutating func activate(
        _ node: ONNXNode, _ stream: inout ONNXStream, isLast: Bool
    ) throws(ExchangeError) {
        switch node.opType {
        case "Softmax", "LogSoftmax", "Sigmoid":
            if isLast {
                notes.append("\(node.title) at the end was left out: a teacher answers with logits")
                return
            }
            if node.opType == "Sigmoid" { return append(.sigmoid, &stream) }
            let axis = node.int("axis") ?? -1
            let position = axis < 0 ? axis + stream.axes.count : axis - 1
            guard node.opType == "Softmax", stream.axes.indices.contains(position), stream.axes[position] == .channels
            else { throw node.unsupported("only a softmax over channels is known here") }
            append(.softmax, &stream)
        case "Clip":
            var bounds: [Float] = []
            for (index, name) in ["min", "max"].enumerated() {
                let given = node.input(at: index + 1) == nil ? nil : try constant(node, index + 1).floats().first
                bounds.append(given ?? node.float(name) ?? .nan)
            }
            guard bounds == [0, 6] else { throw node.unsupported("only a clip to 0...6 (ReLU6) is known here") }
            append(.relu6, &stream)
        case "Gelu":
            guard node.string("approximate") ?? "none" == "none" else {
                throw node.unsupported("approximate is \"\(node.string("approximate") ?? "")\"")
            }
            append(.gelu, &stream)
        case "Tanh": append(.tanh, &stream)
        default: append(.relu, &stream)
        }
    }

    /// Dense layers: Gemm, or MatMul with an Add behind it.
    private mutating func multiply(_ node: ONNXNode, _ stream: inout ONNXStream) throws(ExchangeError) {
        try node.allow(["alpha", "beta", "transA", "transB"])
        let isGemm = node.opType == "Gemm"
        guard node.input(at: 0) == stream.tensor, node.int("transA") ?? 0 == 0 else {
            throw node.unsupported("its first factor must be the activations, as they are")
        }
        let matrix = try constant(node, 1)
        let isTurned = isGemm && node.int("transB") ?? 0 != 0
        let count = stream.shape.reduce(1, *)
        guard stream.axes.count == 1, matrix.shape.count == 2, matrix.shape[isTurned ? 1 : 0] == count else {
            throw node.unsupported("a factor of shape \(matrix.shape) for activations of \(stream.shape)")
        }
        let units = matrix.shape[isTurned ? 0 : 1]
        let given = try matrix.floats()
        let alpha = node.float("alpha") ?? 1
        var isChannelsFirst = false
        if case .flat(channelsFirst: true) = stream.axes[0] { isChannelsFirst = true }
        let extent = stream.extent
        let weight = (0..<units * count).map { index in
            let (unit, input) = (index / count, index % count)
            // Input (sample, channel) of ours stands at (channel, sample) where channels come first.
            let place =
                isChannelsFirst
                ? input % extent.channels * extent.samples + input / extent.channels : input
            return alpha * (isTurned ? given[unit * count + place] : given[place * units + unit])
        }
        stream.tensor = node.output[0]
        var bias = [Float](repeating: 0, count: units)
        if isGemm, node.input(at: 2) != nil {
            bias = try self.bias(try constant(node, 2), units, node).map { $0 * (node.float("beta") ?? 1) }
        } else if !isGemm, let add = reader(of: stream.tensor), add.opType == "Add", let output = add.output.first,
            let index = add.input.firstIndex(where: isConstant)
        {
            bias = try self.bias(try constant(add, index), units, add)
            stream.tensor = output
        }
        append(
            .dense(units: units), &stream,
            [
                .init(name: "weight", shape: [units, count], values: weight),
                .init(name: "bias", shape: [units], values: bias),
            ])
        stream.axes = [.channels]
    }

    private func bias(_ constant: ONNXConstant, _ units: Int, _ node: ONNXNode) throws(ExchangeError) -> [Float] {
        let values = try constant.floats()
        if values.count == 1 { return Array(repeating: values[0], count: units) }
        guard values.count == units, constant.shape.last == units else {
            throw node.unsupported("a bias of shape \(constant.shape) for \(units) outputs")
        }
        return values
    }
}
