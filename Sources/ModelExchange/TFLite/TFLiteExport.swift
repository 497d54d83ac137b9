public import ModelArtifact

/// A student as a TensorFlow Lite file: input a float window (1 × samples × channels) in raw units, normalised inside;
/// output float logits (1 × outputs).
///
/// Everything between is int8, u8 codes less 128, but the last layer: TensorFlow Lite would round its sums to 8 bits, and
/// logits that are equal then need not be so on the edge. It is computed in float from the int8 activations.
public enum TFLiteExport {
    /// - Throws: ``ExchangeError`` `.invalidStudent`.
    public static func quantised(_ student: Student) throws(ExchangeError) -> [UInt8] {
        let graph = try StudentGraph(student)
        var network = TFLiteNetwork(student)
        for node in graph.nodes { network.add(node) }
        return network.encode(
            name: student.task.name, description: "retort student \(ContentDigest(of: student.encode()).hex)")
    }
}

/// Operators of a student over (1 × 1 × samples × channels).
private struct TFLiteNetwork {
    private var model = TFLiteModel()
    private let input: Int32
    private var current: Int32
    private static let reluActivation: Int8 = 1

    init(_ student: Student) {
        let (samples, channels) = (student.spec.samples, student.spec.channels)
        let quantisation = InputQuantisation(student)
        input = model.tensor("window", .float32, [1, samples, channels])
        let mean = model.constant("input.mean", [channels], quantisation.mean)
        let factor = model.constant("input.factor", [channels], quantisation.factor)
        let centred = model.tensor("input.centred", .float32, [1, samples, channels])
        model.add(.sub, [input, mean], centred)
        let steps = model.tensor("input.steps", .float32, [1, samples, channels])
        model.add(.mul, [centred, factor], steps)
        let shape = model.constant("input.shape", [4], [1, 1, Int32(samples), Int32(channels)])
        let plane = model.tensor("input.plane", .float32, [1, 1, samples, channels])
        model.add(.reshape, [steps, shape], plane)
        current = model.tensor(
            "input.codes", .int8, [1, 1, samples, channels], .init(scale: [1], zeroPoint: 0))
        model.add(.quantize, [plane], current)
    }

    func encode(name: String, description: String) -> [UInt8] {
        model.encode(name: name, description: description, input: input, output: current)
    }

    mutating func add(_ node: StudentGraph.Node) {
        switch node.operation {
        case .convolution(let taps):
            convolve(node, [node.to.channels, 1, taps.kernel, node.from.channels], taps, isSame: true)
        case .depthwise(let taps): convolveChannels(node, taps)
        case .dense where node.isLast: finish(node)
        case .dense:
            // The same product as a convolution as wide as the window, which every runtime has with a scale an output.
            let taps = StudentGraph.Taps(
                node.from, kernel: node.from.samples, stride: 1, dilation: 1)
            convolve(node, [node.to.channels, 1, node.from.samples, node.from.channels], taps, isSame: false)
        case .maxPool(let size):
            let output = activation(node)
            model.add(
                .maxPool2D, [current], output,
                .init(
                    type: 5,
                    fields: [
                        0: .int8(1), 1: .int32(Int32(size)), 2: .int32(1), 3: .int32(Int32(size)), 4: .int32(1),
                    ]))
            current = output
        case .averagePool(let size): average(node, size)
        }
    }

    /// The tensor that a node writes.
    private mutating func activation(_ node: StudentGraph.Node) -> Int32 {
        model.tensor(
            "layers.\(node.position)", .int8, [1, 1, node.to.samples, node.to.channels],
            .init(scale: [node.output.scale], zeroPoint: Int64(node.output.zeroPoint) - 128))
    }

    /// Weights and bias of a node, with a scale an output.
    private mutating func parameters(
        _ node: StudentGraph.Node, _ shape: [Int], _ weight: [Int8], dimension: Int
    ) -> [Int32] {
        guard let layer = node.layer else { preconditionFailure("a layer with weights has them") }
        // An output that requantisation takes to nothing has no scale; its weights go instead.
        let given = node.weightScales
        let scales = given.map { $0.isNormal ? $0 : 1 }
        let outputs = layer.bias.count
        let kept = weight.indices.map { index in
            let output = dimension == 0 ? index / layer.depth : index % outputs
            return UInt8(bitPattern: given[output].isNormal ? weight[index] : 0)
        }
        let bias = layer.bias.indices.map { given[$0].isNormal ? layer.bias[$0] : 0 }
        let name = "layers.\(node.position)"
        return [
            model.tensor(
                "\(name).weight", .int8, shape, .init(scale: scales, zeroPoint: 0, dimension: dimension), data: kept),
            model.constant("\(name).bias", [outputs], bias, scales.map { $0 * node.input.scale }),
        ]
    }

    private mutating func convolve(
        _ node: StudentGraph.Node, _ shape: [Int], _ taps: StudentGraph.Taps, isSame: Bool
    ) {
        let parameters = parameters(node, shape, node.layer?.weight ?? [], dimension: 0)
        let output = activation(node)
        model.add(
            .conv2D, [current] + parameters, output,
            .init(
                type: 1,
                fields: [
                    0: .int8(isSame ? 0 : 1), 1: .int32(Int32(taps.stride)), 2: .int32(1),
                    3: .int8(node.isRectified ? Self.reluActivation : 0), 4: .int32(Int32(taps.dilation)), 5: .int32(1),
                ]))
        current = output
    }

    private mutating func convolveChannels(_ node: StudentGraph.Node, _ taps: StudentGraph.Taps) {
        let channels = node.to.channels
        let given = node.layer?.weight ?? []
        // (channels × kernel) to (kernel × channels).
        let weight = given.indices.map { given[$0 % channels * taps.kernel + $0 / channels] }
        let parameters = parameters(node, [1, 1, taps.kernel, channels], weight, dimension: 3)
        let output = activation(node)
        model.add(
            .depthwiseConv2D, [current] + parameters, output,
            Self.depthwise(isSame: true, stride: taps.stride, dilation: taps.dilation, isRectified: node.isRectified))
        current = output
    }

    private static func depthwise(isSame: Bool, stride: Int, dilation: Int, isRectified: Bool) -> TFLiteModel.Options {
        .init(
            type: 2,
            fields: [
                0: .int8(isSame ? 0 : 1), 1: .int32(Int32(stride)), 2: .int32(1), 3: .int32(1),
                4: .int8(isRectified ? reluActivation : 0), 5: .int32(Int32(dilation)), 6: .int32(1),
            ])
    }

    /// A mean as a depthwise convolution with equal weights: runtimes round halves of AVERAGE_POOL_2D in different ways,
    /// and here a bias of a quarter of the least difference between two means takes them up, as on the edge.
    private mutating func average(_ node: StudentGraph.Node, _ size: Int) {
        let channels = node.to.channels
        let scale = [Float](repeating: 1 / Float(64 * size), count: channels)
        let name = "layers.\(node.position)"
        let weight = model.tensor(
            "\(name).weight", .int8, [1, 1, size, channels], .init(scale: scale, zeroPoint: 0, dimension: 3),
            data: [UInt8](repeating: 64, count: size * channels))
        let bias = model.constant(
            "\(name).bias", [channels], [Int32](repeating: 16, count: channels), scale.map { $0 * node.input.scale })
        let output = activation(node)
        model.add(
            .depthwiseConv2D, [current, weight, bias], output,
            Self.depthwise(isSame: false, stride: size, dilation: 1, isRectified: false))
        current = output
    }

    private mutating func finish(_ node: StudentGraph.Node) {
        guard let layer = node.layer else { preconditionFailure("a dense layer has weights") }
        let real = model.tensor("real", .float32, [1, 1, node.from.samples, node.from.channels])
        model.add(.dequantize, [current], real)
        let scale = node.output.scale / node.input.scale
        let weight = model.constant(
            "layers.\(node.position).weight", [node.to.channels, layer.depth], layer.weight.map { Float($0) * scale })
        let bias = model.constant(
            "layers.\(node.position).bias", [node.to.channels], layer.bias.map { Float($0) * node.output.scale })
        current = model.tensor("logits", .float32, [1, node.to.channels])
        model.add(.fullyConnected, [real, weight, bias], current, .init(type: 8, fields: [:]))
    }
}
