import ModelArtifact
import NeuralNetwork

/// Follows a graph from its input to its output and makes layers of what it meets.
struct ONNXGraphReader {
    /// A layer with its tensors, whose names are those behind `layers.N.`.
    struct Built {
        var layer: NetworkSpec.Layer
        var tensors: [NetworkWeights.Tensor] = []
    }

    let nodes: [ONNXNode]
    /// Name of the graph's output.
    let result: String
    private let graph: ONNXGraph
    private let consumers: [String: [Int]]
    private var constants: [String: ONNXConstant] = [:]
    var layers: [Built] = []
    var normalisation: ONNXNormalisation
    var notes: [String] = []

    static let operators: Set<String> = [
        "Add", "AveragePool", "BatchNormalization", "Clip", "Constant", "Conv", "Div", "Dropout", "Flatten", "Gelu",
        "Gemm", "GlobalAveragePool", "GlobalMaxPool", "Identity", "LogSoftmax", "MatMul", "MaxPool", "Mul",
        "ReduceMax", "ReduceMean", "Relu", "Reshape", "Sigmoid", "Softmax", "Squeeze", "Sub", "Tanh", "Transpose",
        "Unsqueeze",
    ]

    /// - Throws: ``ExchangeError`` that names the first operator that is not known here.
    init(_ graph: ONNXGraph) throws(ExchangeError) {
        guard graph.node.count <= 4096, graph.initializer.count <= 4096 else {
            throw ExchangeError(.tooLarge, "\(graph.node.count) nodes; at most 4096 are read")
        }
        for node in graph.node {
            guard node.domain.isEmpty || node.domain == "ai.onnx", Self.operators.contains(node.opType) else {
                throw node.unsupported("the operator \(node.opType) is not known here")
            }
        }
        guard graph.output.count == 1 else {
            throw ExchangeError(.unsupported, "\(graph.output.count) outputs; a network with one is read")
        }
        self.graph = graph
        result = graph.output[0].name
        nodes = graph.node.filter { $0.opType != "Constant" }
        var consumers: [String: [Int]] = [:]
        for (index, node) in nodes.enumerated() {
            for name in Set(node.input) { consumers[name, default: []].append(index) }
        }
        self.consumers = consumers
        normalisation = ONNXNormalisation(channels: 1)
        for tensor in graph.initializer { constants[tensor.name] = try ONNXConstant(tensor, name: tensor.name) }
        for node in graph.node where node.opType == "Constant" {
            guard let name = node.output.first, let value = node.attribute.first(where: { $0.name == "value" }),
                value.hasT
            else { throw node.unsupported("a constant that is no tensor") }
            constants[name] = try ONNXConstant(value.t, name: name)
        }
    }

    mutating func read() throws(ExchangeError) -> (weights: NetworkWeights, normalisation: Student.Normalisation) {
        var stream = try input()
        let input = stream.extent
        normalisation = ONNXNormalisation(channels: input.channels)
        // Every turn goes at least one node on, and no node twice.
        for _ in 0...nodes.count where stream.tensor != result {
            let next = consumers[stream.tensor] ?? []
            switch next.count {
            case 0: throw ExchangeError(.malformed, "nothing reads \(stream.tensor), which is not the output")
            case 1: try step(nodes[next[0]], &stream)
            case 2: try readResidual(next.map { nodes[$0] }, &stream)
            default: throw nodes[next[0]].unsupported("\(next.count) nodes read \(stream.tensor)")
            }
        }
        guard stream.tensor == result else { throw ExchangeError(.malformed, "the graph goes round in circles") }
        stream.flatten()
        if case .flat(channelsFirst: true) = stream.axes.first {
            throw ExchangeError(.unsupported, "the output has samples inside of channels")
        }
        let spec = NetworkSpec(samples: input.samples, channels: input.channels, layers: layers.map(\.layer))
        do { try spec.validate() } catch {
            throw ExchangeError(.unsupported, "the network as it was read: \(error)", cause: error)
        }
        let tensors = layers.enumerated().flatMap { index, built in
            built.tensors.map {
                NetworkWeights.Tensor(name: "layers.\(index).\($0.name)", shape: $0.shape, values: $0.values)
            }
        }
        let normalisation = try normalisation.made()
        do throws(NetworkError) { return (try NetworkWeights(spec: spec, tensors: tensors), normalisation) } catch {
            throw ExchangeError(.malformed, "the network as it was read: \(error)", cause: error)
        }
    }

    /// The tensor that a node reads as a constant.
    func constant(_ node: ONNXNode, _ index: Int) throws(ExchangeError) -> ONNXConstant {
        guard let name = node.input(at: index) else { throw node.unsupported("input \(index) is missing") }
        guard let constant = constants[name] else {
            throw node.unsupported("input \(index), \(name), is computed; a constant is expected")
        }
        return constant
    }

    func isConstant(_ name: String) -> Bool { constants[name] != nil }

    /// The only node that reads a tensor; nothing where there are more, or where it is the graph's output.
    func reader(of tensor: String) -> ONNXNode? {
        guard tensor != result, let next = consumers[tensor], next.count == 1 else { return nil }
        return nodes[next[0]]
    }

    /// The graph's input, and what its axes stand for: told by the first node that cares.
    private func input() throws(ExchangeError) -> ONNXStream {
        let inputs = graph.input.filter { !isConstant($0.name) }
        guard inputs.count == 1 else {
            throw ExchangeError(.unsupported, "\(inputs.count) inputs; a network with one is read")
        }
        let (name, dimensions) = (inputs[0].name, inputs[0].type.tensorType.shape.dim)
        guard inputs[0].type.tensorType.elemType == Int32(ONNXTensor.Element.float.rawValue) else {
            throw ExchangeError(.unsupported, "the input \(name) is not of float32")
        }
        var shape: [Int] = []
        for dimension in dimensions.dropFirst() {
            guard case .dimValue(let extent) = dimension.value, (1...65_536).contains(extent) else {
                throw ExchangeError(
                    .unsupported, "the input \(name): all extents behind the batch must be given, 1 to 65536")
            }
            shape.append(Int(extent))
        }
        switch shape.count {
        case 1: return ONNXStream(tensor: name, axes: [.channels], extent: .init(samples: 1, channels: shape[0]))
        case 2:
            return beginsWithChannels(name)
                ? ONNXStream(
                    tensor: name, axes: [.channels, .samples], extent: .init(samples: shape[1], channels: shape[0]))
                : ONNXStream(
                    tensor: name, axes: [.samples, .channels], extent: .init(samples: shape[0], channels: shape[1]))
        case 3 where shape[1] == 1:
            return ONNXStream(
                tensor: name, axes: [.channels, .one, .samples], extent: .init(samples: shape[2], channels: shape[0]))
        case 3 where shape[2] == 1:
            return ONNXStream(
                tensor: name, axes: [.channels, .samples, .one], extent: .init(samples: shape[1], channels: shape[0]))
        default:
            throw ExchangeError(
                .unsupported, "the input \(name) of shape (batch, \(shape)) is no window of samples and channels")
        }
    }

    private func beginsWithChannels(_ input: String) -> Bool {
        var tensor = input
        for _ in nodes {
            guard let node = reader(of: tensor), let output = node.output.first else { return false }
            switch node.opType {
            case "Identity", "Dropout", "Add", "Sub", "Mul", "Div", "Relu", "Unsqueeze", "Clip": tensor = output
            case "Conv", "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool":
                return true
            default: return false
            }
        }
        return false
    }
}
