import JSON

extension FloatNetwork {
    public static let currentFormat = 1

    /// Names of the metadata entries.
    private enum Key {
        static let format = "retort.float.format"
        static let task = "task"
        static let spec = "spec"
        static let normalisation = "normalisation"
        static let gate = "gate"
        static let tolerance = "tolerance"
    }

    /// The network as a safetensors file; equal networks give equal bytes. `docs/formats.md` describes it.
    ///
    /// - Precondition: ``validate(requiringGolden:)`` holds.
    public func encode() -> [UInt8] {
        let metadata = [
            Key.format: String(Self.currentFormat), Key.task: task.json.text, Key.spec: spec.json.text,
            Key.normalisation: normalisation.json.text, Key.gate: gate.json.text,
            Key.tolerance: JSONValue.shortest(tolerance).text,
        ]
        var tensors: [SafetensorsTensor] = []
        for (layer, index) in zip(layers, spec.weightedLayers) {
            let (name, shape) = ("layers.\(index).weight", spec.weightTensorShape(at: index))
            tensors.append(
                precision == .float16
                    ? SafetensorsTensor(name: name, shape: shape, halves: layer.weight)
                    : SafetensorsTensor(name: name, shape: shape, layer.weight))
            tensors.append(SafetensorsTensor(name: "layers.\(index).bias", shape: [layer.bias.count], layer.bias))
        }
        tensors.append(
            SafetensorsTensor(
                name: "golden.input", shape: [golden.count, spec.samples, spec.channels], golden.flatMap(\.input)))
        tensors.append(
            SafetensorsTensor(name: "golden.logits", shape: [golden.count, spec.outputs], golden.flatMap(\.logits)))
        return Safetensors(metadata: metadata, tensors: tensors).encode()
    }

    /// Reads a file and validates all of it.
    ///
    /// - Throws: ``ArtifactError`` that names the part at fault.
    public init(decoding bytes: [UInt8]) throws(ArtifactError) {
        guard bytes.count <= Student.maximumFileBytes else {
            throw ArtifactError(.tooLarge, "\(bytes.count) bytes; a network has at most \(Student.maximumFileBytes)")
        }
        let file = try Safetensors(decoding: bytes, limits: .init(headerBytes: 1 << 20, tensors: 1024))
        let format = try file.string(Key.format)
        guard format == String(Self.currentFormat) else {
            throw ArtifactError(
                .unsupportedFormat,
                "this version reads float networks of format \(Self.currentFormat), not \(format.prefix(20))")
        }
        let spec = try Student.document(file, Key.spec) { (json) throws(JSONError) in try NetworkSpec(json: json) }
        var layers: [Layer] = []
        let first = try file.tensor("layers.\(spec.weightedLayers.first ?? 0).weight")
        let isHalf = first.element == .f16
        for index in spec.weightedLayers {
            let tensor = try Student.tensor(file, "layers.\(index).weight", spec.weightTensorShape(at: index))
            let bias = try Student.tensor(file, "layers.\(index).bias", [spec.weightShape(at: index).outputs])
            layers.append(
                Layer(weight: isHalf ? try tensor.halves() : try tensor.floats(), bias: try bias.floats()))
        }
        self.init(
            task: try Student.document(file, Key.task) { (json) throws(JSONError) in try TaskDocument(json: json) },
            spec: spec,
            normalisation: try Student.document(file, Key.normalisation, Student.Normalisation.init), layers: layers,
            gate: try Student.document(file, Key.gate, Student.Gate.init), golden: try Self.golden(file, spec),
            tolerance: try Student.document(file, Key.tolerance) { (json) throws(JSONError) in
                json.number.map { Float($0) } ?? .nan
            })
        precision = isHalf ? .float16 : .float32
        try validate()
    }

    private static func golden(_ file: Safetensors, _ spec: NetworkSpec) throws(ArtifactError) -> [GoldenVector] {
        let count = try file.tensor("golden.input").shape.first ?? 0
        let (size, outputs) = (spec.samples * spec.channels, spec.outputs)
        let input = try Student.tensor(file, "golden.input", [count, spec.samples, spec.channels]).floats()
        let logits = try Student.tensor(file, "golden.logits", [count, outputs]).floats()
        return (0..<count).map { index in
            GoldenVector(
                input: Array(input[index * size..<(index + 1) * size]),
                logits: Array(logits[index * outputs..<(index + 1) * outputs]))
        }
    }
}
