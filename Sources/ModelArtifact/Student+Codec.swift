import JSON

extension Student {
    /// Names of the metadata entries.
    private enum Key {
        static let format = "retort.format"
        static let task = "task"
        static let spec = "spec"
        static let normalisation = "normalisation"
        static let scales = "scales"
        static let gate = "gate"
        static let base = "base"
    }

    /// The student as a safetensors file; equal students give equal bytes. `docs/formats.md` describes it.
    ///
    /// - Precondition: ``validate()`` holds.
    public func encode() -> [UInt8] {
        var metadata = [
            Key.format: String(Self.currentFormat),
            Key.task: task.json.text,
            Key.spec: spec.json.text,
            Key.normalisation: normalisation.json.text,
            Key.scales: JSONValue.object([
                "input": .shortest(inputScale),
                "outputs": .floats(layers.map(\.outputScale)),
            ]).text,
            Key.gate: gate.json.text,
        ]
        if let base { metadata[Key.base] = base }
        var tensors: [SafetensorsTensor] = []
        for (layer, index) in zip(layers, spec.weightedLayers) {
            let name = "layers.\(index)"
            let outputs = layer.bias.count
            tensors.append(
                SafetensorsTensor(name: "\(name).weight", shape: spec.weightTensorShape(at: index), layer.weight))
            tensors.append(SafetensorsTensor(name: "\(name).bias", shape: [outputs], layer.bias))
            // The last layer has one scale for all its outputs.
            let scale = index == spec.layers.count - 1 ? Array(layer.weightScale.prefix(1)) : layer.weightScale
            tensors.append(SafetensorsTensor(name: "\(name).scale", shape: [scale.count], scale))
        }
        tensors.append(
            SafetensorsTensor(
                name: "golden.input", shape: [golden.count, spec.samples, spec.channels], golden.flatMap(\.input)))
        tensors.append(
            SafetensorsTensor(name: "golden.logits", shape: [golden.count, spec.outputs], golden.flatMap(\.logits)))
        return Safetensors(metadata: metadata, tensors: tensors).encode()
    }

    /// Bytes of a student file that are accepted at most.
    public static let maximumFileBytes = 32 << 20

    /// Reads a student file and validates all of it.
    ///
    /// - Throws: ``ArtifactError`` that names the part at fault.
    public init(decoding bytes: [UInt8]) throws(ArtifactError) {
        guard bytes.count <= Self.maximumFileBytes else {
            throw ArtifactError(.tooLarge, "\(bytes.count) bytes; a student has at most \(Self.maximumFileBytes)")
        }
        let file = try Safetensors(decoding: bytes, limits: .init(headerBytes: 1 << 20, tensors: 1024))
        let format = try file.string(Key.format)
        guard format == String(Self.currentFormat) else {
            throw ArtifactError(
                .unsupportedFormat, "this version reads student format \(Self.currentFormat), not \(format.prefix(20))")
        }
        let spec = try Self.document(file, Key.spec) { (json) throws(JSONError) in try NetworkSpec(json: json) }
        let scales = try Self.document(file, Key.scales) { (json) throws(JSONError) in try Scales(json) }
        self.init(
            task: try Self.document(file, Key.task) { (json) throws(JSONError) in try TaskDocument(json: json) },
            spec: spec,
            normalisation: try Self.document(file, Key.normalisation, Normalisation.init),
            inputScale: scales.input,
            layers: try Self.layers(file, spec, scales),
            gate: try Self.document(file, Key.gate, Gate.init),
            golden: try Self.golden(file, spec),
            base: file.metadata[Key.base])
        try validate()
    }

    /// Step sizes of activations as the metadata holds them.
    private struct Scales {
        var input: Float
        var outputs: [Float]

        init(_ json: JSONValue) throws(JSONError) {
            let reader = try JSONObjectReader(json)
            input = Float(try reader.number("input"))
            outputs = try reader.numbers("outputs").map { Float($0) }
        }
    }

    static func document<T>(
        _ file: Safetensors, _ key: String, _ read: (JSONValue) throws(JSONError) -> T
    ) throws(ArtifactError) -> T {
        let text = try file.string(key)
        do throws(JSONError) {
            return try read(try JSONValue(parsing: text))
        } catch {
            throw ArtifactError(.wrongType, "the metadata entry \(key): \(error)", cause: error)
        }
    }

    static func tensor(
        _ file: Safetensors, _ name: String, _ shape: [Int]
    ) throws(ArtifactError) -> SafetensorsTensor {
        let tensor = try file.tensor(name)
        try check(tensor.shape == shape, "\(name) has the shape \(tensor.shape), not \(shape)")
        return tensor
    }

    private static func layers(
        _ file: Safetensors, _ spec: NetworkSpec, _ scales: Scales
    ) throws(ArtifactError) -> [QuantisedLayer] {
        let weighted = spec.weightedLayers
        try check(
            scales.outputs.count == weighted.count,
            "scales.outputs: one number for each of \(weighted.count) layers is needed")
        var layers: [QuantisedLayer] = []
        var inputScale = scales.input
        for (outputScale, index) in zip(scales.outputs, weighted) {
            let name = "layers.\(index)"
            let outputs = spec.weightShape(at: index).outputs
            let isLast = index == spec.layers.count - 1
            let scale = try tensor(file, "\(name).scale", [isLast ? 1 : outputs]).floats()
            layers.append(
                QuantisedLayer(
                    weight: try tensor(file, "\(name).weight", spec.weightTensorShape(at: index)).int8s(),
                    bias: try tensor(file, "\(name).bias", [outputs]).int32s(),
                    weightScale: isLast ? [Float](repeating: scale[0], count: outputs) : scale,
                    outputScale: outputScale, inputScale: isLast ? nil : inputScale))
            inputScale = outputScale
        }
        return layers
    }

    private static func golden(_ file: Safetensors, _ spec: NetworkSpec) throws(ArtifactError) -> [GoldenVector] {
        let count = try file.tensor("golden.input").shape.first ?? 0
        let size = spec.samples * spec.channels
        let outputs = spec.outputs
        let input = try tensor(file, "golden.input", [count, spec.samples, spec.channels]).uint8s()
        let logits = try tensor(file, "golden.logits", [count, outputs]).int32s()
        return (0..<count).map { index in
            GoldenVector(
                input: Array(input[index * size..<(index + 1) * size]),
                logits: Array(logits[index * outputs..<(index + 1) * outputs]))
        }
    }
}

extension NetworkSpec {
    /// Shape of a weight tensor in a file.
    func weightTensorShape(at index: Int) -> [Int] {
        let (outputs, inputs) = weightShape(at: index)
        guard case .convolution(_, let kernel, _, _) = layers[index] else { return [outputs, inputs] }
        return [outputs, kernel, inputs / kernel]
    }
}

extension Student.Normalisation {
    var json: JSONValue {
        .object(["mean": .floats(mean), "standardDeviation": .floats(standardDeviation)])
    }

    init(_ json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        self.init(
            mean: try reader.numbers("mean").map { Float($0) },
            standardDeviation: try reader.numbers("standardDeviation").map { Float($0) })
    }
}

extension Student.Gate {
    var json: JSONValue {
        var object: JSONObject = ["temperature": .shortest(temperature), "threshold": .shortest(threshold)]
        object["standardDeviation"] = standardDeviation.map(JSONValue.shortest)
        return .object(object)
    }

    init(_ json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        self.init(
            temperature: Float(try reader.number("temperature")), threshold: Float(try reader.number("threshold")),
            standardDeviation: try reader.optionalNumber("standardDeviation").map { Float($0) })
    }
}

extension JSONValue {
    static func floats(_ values: [Float]) -> JSONValue { .array(values.map(JSONValue.shortest)) }
}
