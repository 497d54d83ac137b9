import ModelArtifact
import NeuralNetwork

/// A float network as ONNX nodes: (batch × channels × samples), or (batch × channels) behind a dense layer.
struct ONNXFloatNetwork {
    private(set) var builder = ONNXBuilder()
    private let spec: NetworkSpec
    private let tensors: [String: NetworkWeights.Tensor]
    /// Name of what the next layer reads.
    private var current: String
    private var isFlat = false
    /// What a student's codes can stand for behind a layer, by its position; −1 is that of the input.
    private let ranges: [Int: ClosedRange<Float>]

    init(_ weights: NetworkWeights, mean: [Float], factor: [Float], ranges: [Int: ClosedRange<Float>]) {
        spec = weights.spec
        self.ranges = ranges
        tensors = Dictionary(weights.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let offset = builder.constant("input.mean", [mean.count], mean)
        let scale = builder.constant("input.factor", [factor.count], factor)
        let centred = builder.node("Sub", "input.centred", ["window", offset])
        let normal = builder.node("Mul", "input.normal", [centred, scale])
        current = builder.node("Transpose", "input.channelsFirst", [normal], ["perm": .ints([0, 2, 1])])
    }

    /// - Throws: ``ExchangeError`` `.unsupported` that names the first layer without an ONNX form here.
    mutating func build() throws(ExchangeError) {
        clip(-1, "input.range")
        try add(spec.layers, spec.extents, prefix: "layers.")
        builder.node("Flatten", "logits", [current], ["axis": .int(1)])
    }

    private mutating func add(
        _ layers: [NetworkSpec.Layer], _ extents: [NetworkSpec.Extent], prefix: String
    ) throws(ExchangeError) {
        for (index, layer) in layers.enumerated() {
            let next = index + 1 < layers.count ? layers[index + 1] : nil
            try add(layer, "\(prefix)\(index)", from: extents[index], to: extents[index + 1], next: next)
            // Students have no blocks, so that a position is one in the spec.
            clip(index, "\(prefix)\(index).range")
        }
    }

    private mutating func add(
        _ layer: NetworkSpec.Layer, _ name: String, from: NetworkSpec.Extent, to: NetworkSpec.Extent,
        next: NetworkSpec.Layer?
    ) throws(ExchangeError) {
        switch layer {
        case .convolution(_, let kernel, let stride, let dilation):
            makeSequence(from, name)
            let taps = StudentGraph.Taps(from, kernel: kernel, stride: stride, dilation: dilation)
            convolve(name, taps, channels: from.channels, group: 1, hasBias: next != .batchNorm)
        case .depthwiseConvolution(let kernel, let stride, let dilation):
            makeSequence(from, name)
            let taps = StudentGraph.Taps(from, kernel: kernel, stride: stride, dilation: dilation)
            convolve(name, taps, channels: 1, group: from.channels, hasBias: next != .batchNorm)
        case .batchNorm:
            let inputs = ["weight", "bias", "running_mean", "running_var"].map { tensor in
                builder.constant("\(name).\(tensor)", [from.channels], values("\(name).\(tensor)"))
            }
            current = builder.node(
                "BatchNormalization", name, [current] + inputs, ["epsilon": .float(NetworkPass.normEpsilon)])
        case .relu, .relu6, .gelu, .sigmoid, .tanh, .softmax: activate(layer, name)
        case .maxPool(let size): pool("MaxPool", size, from, name)
        case .averagePool(let size): pool("AveragePool", size, from, name)
        case .globalAveragePool: pool("AveragePool", from.samples, from, name)
        case .globalMaxPool: pool("MaxPool", from.samples, from, name)
        case .dropout: break
        case .dense(let units): addDense(name, units: units, from)
        case .gru(let units, let sequence):
            makeSequence(from, name)
            addRecurrent(name, units: units, channels: from.channels, sequence: sequence)
        case .residual(let block): try addResidual(block, name, from: from, to: to)
        case .convolution2D, .spectrogram, .maxPool2D, .averagePool2D:
            throw ExchangeError(.unsupported, "\(name): a network over a spectrogram has no ONNX form here")
        }
    }

    private mutating func clip(_ position: Int, _ name: String) {
        guard let range = ranges[position] else { return }
        let low = builder.constant("\(name).low", [], [range.lowerBound])
        let high = builder.constant("\(name).high", [], [range.upperBound])
        current = builder.node("Clip", name, [current, low, high])
    }

    private func values(_ name: String) -> [Float] {
        guard let tensor = tensors[name] else { preconditionFailure("weights have every tensor of their spec") }
        return tensor.values
    }

    /// Gives what stands behind a dense layer its one sample back.
    private mutating func makeSequence(_ extent: NetworkSpec.Extent, _ name: String) {
        guard isFlat else { return }
        let shape = builder.constant("\(name).shape", [3], [-1, Int64(extent.channels), 1])
        current = builder.node("Reshape", "\(name).sequence", [current, shape])
        isFlat = false
    }

    private mutating func convolve(
        _ name: String, _ taps: StudentGraph.Taps, channels: Int, group: Int, hasBias: Bool
    ) {
        let given = values("\(name).weight")
        let depth = taps.kernel * channels
        // (filters × kernel × channels) to (filters × channels × kernel).
        let turned = given.indices.map { index in
            let (filter, inner) = (index / depth, index % depth)
            return given[filter * depth + inner % taps.kernel * channels + inner / taps.kernel]
        }
        var inputs = [current]
        inputs.append(builder.constant("\(name).weight", [given.count / depth, channels, taps.kernel], turned))
        if hasBias {
            let bias = values("\(name).bias")
            inputs.append(builder.constant("\(name).bias", [bias.count], bias))
        }
        current = builder.node(
            "Conv", name, inputs,
            [
                "kernel_shape": .ints([taps.kernel]), "strides": .ints([taps.stride]),
                "dilations": .ints([taps.dilation]), "pads": .ints([taps.before, taps.after]), "group": .int(group),
            ])
    }

    private mutating func activate(_ layer: NetworkSpec.Layer, _ name: String) {
        switch layer {
        case .relu6:
            let low = builder.constant("\(name).low", [], [0 as Float])
            let high = builder.constant("\(name).high", [], [6 as Float])
            current = builder.node("Clip", name, [current, low, high])
        case .gelu:
            // x / 2 · (1 + erf(x / √2)); the operator Gelu came with opset 20.
            let root = builder.constant("\(name).root", [], [Float(0.5).squareRoot()])
            let half = builder.constant("\(name).half", [], [0.5 as Float])
            let one = builder.constant("\(name).one", [], [1 as Float])
            let inner = builder.node("Mul", "\(name).inner", [current, root])
            let error = builder.node("Erf", "\(name).erf", [inner])
            let share = builder.node("Add", "\(name).share", [error, one])
            let halved = builder.node("Mul", "\(name).halved", [current, half])
            current = builder.node("Mul", name, [halved, share])
        case .sigmoid: current = builder.node("Sigmoid", name, [current])
        case .tanh: current = builder.node("Tanh", name, [current])
        case .softmax: current = builder.node("Softmax", name, [current], ["axis": .int(1)])
        default: current = builder.node("Relu", name, [current])
        }
    }

    private mutating func pool(_ type: String, _ size: Int, _ extent: NetworkSpec.Extent, _ name: String) {
        makeSequence(extent, name)
        current = builder.node(type, name, [current], ["kernel_shape": .ints([size]), "strides": .ints([size])])
    }

    private mutating func addDense(_ name: String, units: Int, _ from: NetworkSpec.Extent) {
        if !isFlat { current = builder.node("Flatten", "\(name).flat", [current], ["axis": .int(1)]) }
        isFlat = true
        let given = values("\(name).weight")
        let depth = from.count
        // Flattened, samples stand inside of channels; in a spec it is the other way round.
        let turned = given.indices.map { index in
            let (unit, inner) = (index / depth, index % depth)
            return given[unit * depth + inner % from.samples * from.channels + inner / from.samples]
        }
        let weight = builder.constant("\(name).weight", [units, depth], turned)
        let bias = builder.constant("\(name).bias", [units], values("\(name).bias"))
        current = builder.node("Gemm", name, [current, weight, bias], ["transB": .int(1)])
    }

    /// Gates stand as reset, update, new in a spec and as update, reset, new in ONNX.
    private mutating func addRecurrent(_ name: String, units: Int, channels: Int, sequence: Bool) {
        func turned(_ values: [Float]) -> [Float] {
            let gate = values.count / 3
            return Array(values[gate..<2 * gate] + values[..<gate] + values[(2 * gate)...])
        }
        let weight = builder.constant("\(name).weight", [1, 3 * units, channels], turned(values("\(name).weight")))
        let state = builder.constant("\(name).weight_hh", [1, 3 * units, units], turned(values("\(name).weight_hh")))
        let bias = builder.constant(
            "\(name).bias", [1, 6 * units], turned(values("\(name).bias")) + turned(values("\(name).bias_hh")))
        let turned = builder.node("Transpose", "\(name).samplesFirst", [current], ["perm": .ints([2, 0, 1])])
        let states = builder.node(
            "GRU", name, [turned, weight, state, bias], ["hidden_size": .int(units), "linear_before_reset": .int(1)],
            outputs: 2)
        if sequence {
            let axis = builder.constant("\(name).axis", [1], [1 as Int64])
            let squeezed = builder.node("Squeeze", "\(name).states", [states, axis])
            current = builder.node("Transpose", "\(name).turned", [squeezed], ["perm": .ints([1, 2, 0])])
        } else {
            let axis = builder.constant("\(name).axis", [1], [0 as Int64])
            current = builder.node("Squeeze", "\(name).last", ["\(states).1", axis])
            isFlat = true
        }
    }

    private mutating func addResidual(
        _ block: [NetworkSpec.Layer], _ name: String, from: NetworkSpec.Extent, to: NetworkSpec.Extent
    ) throws(ExchangeError) {
        makeSequence(from, name)
        let input = current
        try add(block, NetworkSpec.extents(of: block, from: from), prefix: "\(name).block.")
        makeSequence(to, name)
        let made = current
        current = input
        if case .projection(let stride) = NetworkSpec.Shortcut(from: from, to: to) {
            let taps = StudentGraph.Taps(from, kernel: 1, stride: stride.rows, dilation: 1)
            convolve("\(name).shortcut", taps, channels: from.channels, group: 1, hasBias: true)
        }
        current = builder.node("Add", name, [made, current])
    }
}
