import ModelArtifact

/// A student as ONNX nodes: u8 codes between operators, (batch × channels × samples), or (batch × channels) behind a
/// dense layer.
struct ONNXQuantisedNetwork {
    private(set) var builder = ONNXBuilder()
    /// Name of the codes that the next node reads.
    private var codes: String
    private var isFlat = false
    private var grids = 0

    init(_ student: Student) {
        let quantisation = InputQuantisation(student)
        let mean = builder.constant("input.mean", [quantisation.mean.count], quantisation.mean)
        let factor = builder.constant("input.factor", [quantisation.factor.count], quantisation.factor)
        let centred = builder.node("Sub", "input.centred", ["window", mean])
        let steps = builder.node("Mul", "input.steps", [centred, factor])
        let turned = builder.node("Transpose", "input.channelsFirst", [steps], ["perm": .ints([0, 2, 1])])
        codes = ""
        codes = quantise(turned, StudentGraph.Grid(zeroPoint: 128, scale: 1), "input")
    }

    mutating func add(_ node: StudentGraph.Node) {
        let name = "layers.\(node.position)"
        switch node.operation {
        case .convolution(let taps):
            makeSequence(node, name)
            // (filters × kernel × channels) to (filters × channels × kernel).
            let channels = node.from.channels
            let weight = node.layer.map { layer in
                layer.weight.indices.map { index in
                    let (filter, inner) = (index / layer.depth, index % layer.depth)
                    let (channel, tap) = (inner / taps.kernel, inner % taps.kernel)
                    return layer.weight[filter * layer.depth + tap * channels + channel]
                }
            }
            convolve(node, taps, weight ?? [], [node.to.channels, channels, taps.kernel], group: 1, name)
        case .depthwise(let taps):
            makeSequence(node, name)
            convolve(
                node, taps, node.layer?.weight ?? [], [node.to.channels, 1, taps.kernel], group: node.to.channels, name)
        case .dense: addDense(node, name)
        case .maxPool(let size):
            makeSequence(node, name)
            codes = builder.node(
                "MaxPool", "\(name).codes", [codes], ["kernel_shape": .ints([size]), "strides": .ints([size])])
        case .averagePool(let size):
            makeSequence(node, name)
            let real = dequantise(node.input, name)
            let mean = builder.node(
                "AveragePool", "\(name).mean", [real], ["kernel_shape": .ints([size]), "strides": .ints([size])])
            // Halves go up on the edge and to even numbers in QuantizeLinear: a quarter of the least difference between
            // two means moves the halves and nothing else.
            let quarter = builder.constant("\(name).quarter", [], [node.input.scale / Float(4 * size)])
            codes = quantise(builder.node("Add", "\(name).up", [mean, quarter]), node.output, name)
        }
    }

    /// Gives codes behind a dense layer their one sample back.
    private mutating func makeSequence(_ node: StudentGraph.Node, _ name: String) {
        guard isFlat else { return }
        let shape = builder.constant("\(name).shape", [3], [-1, Int64(node.from.channels), 1])
        codes = builder.node("Reshape", "\(name).sequence", [codes, shape])
        isFlat = false
    }

    private mutating func convolve(
        _ node: StudentGraph.Node, _ taps: StudentGraph.Taps, _ weight: [Int8], _ shape: [Int], group: Int,
        _ name: String
    ) {
        let real = dequantise(node.input, name)
        let parameters = parameters(node, weight, shape, name)
        let sum = builder.node(
            "Conv", "\(name).sum", [real] + parameters,
            [
                "kernel_shape": .ints([taps.kernel]), "strides": .ints([taps.stride]),
                "dilations": .ints([taps.dilation]), "pads": .ints([taps.before, taps.after]), "group": .int(group),
            ])
        finish(node, sum, name)
    }

    private mutating func addDense(_ node: StudentGraph.Node, _ name: String) {
        guard let layer = node.layer else { preconditionFailure("a dense layer has weights") }
        let (samples, channels) = (node.from.samples, node.from.channels)
        if !isFlat { codes = builder.node("Flatten", "\(name).flat", [codes], ["axis": .int(1)]) }
        isFlat = true
        // Flattened, samples stand inside of channels; on the edge it is the other way round.
        let weight = layer.weight.indices.map { index in
            let (unit, inner) = (index / layer.depth, index % layer.depth)
            return layer.weight[unit * layer.depth + inner % samples * channels + inner / samples]
        }
        let real = dequantise(node.input, name)
        let parameters = parameters(node, weight, [layer.bias.count, layer.depth], name)
        if node.isLast {
            builder.node("Gemm", "logits", [real] + parameters, ["transB": .int(1)])
        } else {
            finish(node, builder.node("Gemm", "\(name).sum", [real] + parameters, ["transB": .int(1)]), name)
        }
    }

    private mutating func finish(_ node: StudentGraph.Node, _ sum: String, _ name: String) {
        let result = node.isRectified ? builder.node("Relu", "\(name).relu", [sum]) : sum
        codes = quantise(result, node.output, name)
    }

    /// Weights and bias as floats made of integers.
    private mutating func parameters(
        _ node: StudentGraph.Node, _ weight: [Int8], _ shape: [Int], _ name: String
    ) -> [String] {
        guard let layer = node.layer else { preconditionFailure("a layer with weights has them") }
        let outputs = layer.bias.count
        let depth = weight.count / outputs
        // An output that requantisation takes to nothing has no scale; its weights go instead.
        let given = node.weightScales
        let isAlive = given.map(\.isNormal)
        let scales = given.map { $0.isNormal ? $0 : 1 }
        let weightScale = builder.constant("\(name).weight.scale", [outputs], scales)
        let weightZero = builder.constant(
            "\(name).weight.zeroPoint", [outputs], [Int8](repeating: 0, count: outputs))
        let weightCodes = builder.constant(
            "\(name).weight.codes", shape, weight.indices.map { isAlive[$0 / depth] ? weight[$0] : 0 })
        let weight = builder.node(
            "DequantizeLinear", "\(name).weight", [weightCodes, weightScale, weightZero], ["axis": .int(0)])
        let biasScale = builder.constant("\(name).bias.scale", [outputs], scales.map { $0 * node.input.scale })
        let biasZero = builder.constant("\(name).bias.zeroPoint", [outputs], [Int32](repeating: 0, count: outputs))
        let biasCodes = builder.constant(
            "\(name).bias.codes", [outputs], layer.bias.indices.map { isAlive[$0] ? layer.bias[$0] : 0 })
        let bias = builder.node(
            "DequantizeLinear", "\(name).bias", [biasCodes, biasScale, biasZero], ["axis": .int(0)])
        return [weight, bias]
    }

    private mutating func grid(_ grid: StudentGraph.Grid) -> [String] {
        grids += 1
        return [
            builder.constant("grid.\(grids).scale", [], [grid.scale]),
            builder.constant("grid.\(grids).zeroPoint", [], [grid.zeroPoint]),
        ]
    }

    private mutating func quantise(_ real: String, _ grid: StudentGraph.Grid, _ name: String) -> String {
        builder.node("QuantizeLinear", "\(name).codes", [real] + self.grid(grid))
    }

    private mutating func dequantise(_ grid: StudentGraph.Grid, _ name: String) -> String {
        builder.node("DequantizeLinear", "\(name).real", [codes] + self.grid(grid))
    }
}
