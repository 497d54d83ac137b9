import JSON
public import ModelArtifact
public import NeuralNetwork

/// Networks as ONNX files (opset 17): input `window` (batch × samples × channels) in raw units, normalised inside; output
/// `logits` (batch × outputs).
public enum ONNXExport {
    /// A float network, batch norm as it was trained.
    ///
    /// - Parameter task: kept in the file's metadata, where ``ONNXImport`` finds it again.
    /// - Throws: ``ExchangeError`` `.unsupported` that names the first layer without an ONNX form here.
    public static func float(
        _ weights: NetworkWeights, normalisation: Student.Normalisation, task: TaskDocument
    ) throws(ExchangeError) -> [UInt8] {
        let factor = normalisation.standardDeviation.map { 1 / $0 }
        return try float(
            ONNXFloatNetwork(weights, mean: normalisation.mean, factor: factor, ranges: [:]), weights.spec, task, [])
    }

    /// A student's weights as the floats they stand for; its activations are not rounded, but kept in their range.
    ///
    /// - Throws: ``ExchangeError`` `.invalidStudent`.
    public static func float(_ student: Student) throws(ExchangeError) -> [UInt8] {
        let graph = try StudentGraph(student)
        var tensors: [NetworkWeights.Tensor] = []
        for node in graph.nodes {
            guard let layer = node.layer else { continue }
            let scales = node.weightScales
            let name = "layers.\(node.position)"
            tensors.append(
                .init(
                    name: "\(name).weight", shape: node.weightShape,
                    values: layer.weight.indices.map { Float(layer.weight[$0]) * scales[$0 / layer.depth] }))
            tensors.append(
                .init(
                    name: "\(name).bias", shape: [layer.bias.count],
                    values: layer.bias.indices.map { Float(layer.bias[$0]) * node.input.scale * scales[$0] }))
        }
        let weights: NetworkWeights
        do throws(NetworkError) { weights = try NetworkWeights(spec: student.spec, tensors: tensors) } catch {
            throw ExchangeError(.invalidStudent, "\(error)", cause: error)
        }
        let quantisation = InputQuantisation(student)
        var ranges: [Int: ClosedRange<Float>] = [-1: -128...127]
        for node in graph.nodes where node.layer != nil && !node.isLast {
            let (zero, scale) = (Float(node.output.zeroPoint), node.output.scale)
            ranges[node.position + (node.isRectified ? 1 : 0)] = -zero * scale...(255 - zero) * scale
        }
        return try float(
            ONNXFloatNetwork(weights, mean: quantisation.mean, factor: quantisation.factor, ranges: ranges),
            student.spec, student.task, studentMetadata(student))
    }

    /// A student with its integers between `QuantizeLinear` and `DequantizeLinear`.
    ///
    /// Where a runtime computes these in float, an activation can differ by one step from the edge's, which rounds exact
    /// products; ``docs/exporting.md`` gives what was measured.
    ///
    /// - Throws: ``ExchangeError`` `.invalidStudent`.
    public static func quantised(_ student: Student) throws(ExchangeError) -> [UInt8] {
        var network = ONNXQuantisedNetwork(student)
        for node in try StudentGraph(student).nodes { network.add(node) }
        return try network.builder.encode(
            name: student.task.name, input: ("window", [student.spec.samples, student.spec.channels]),
            output: ("logits", [student.spec.outputs]),
            metadata: [("retort.task", student.task.json.text)] + studentMetadata(student))
    }

    private static func studentMetadata(_ student: Student) -> [(String, String)] {
        [
            ("retort.student", ContentDigest(of: student.encode()).hex),
            ("retort.temperature", "\(student.gate.temperature)"), ("retort.threshold", "\(student.gate.threshold)"),
        ]
    }

    private static func float(
        _ network: ONNXFloatNetwork, _ spec: NetworkSpec, _ task: TaskDocument, _ metadata: [(String, String)]
    ) throws(ExchangeError) -> [UInt8] {
        var network = network
        try network.build()
        return try network.builder.encode(
            name: task.name, input: ("window", [spec.samples, spec.channels]), output: ("logits", [spec.outputs]),
            metadata: [("retort.task", task.json.text)] + metadata)
    }
}
