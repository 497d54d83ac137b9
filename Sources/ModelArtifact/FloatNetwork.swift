/// A network of floats that edges can run: a student before quantisation, or a teacher, folded.
///
/// Its file is laid out like a student's; weights are `F32` or `F16`. Normalised inputs are `(x − mean) / deviation` in
/// float32, sums are in float32 in any order, so outputs agree between machines to ``tolerance`` alone.
public struct FloatNetwork: Sendable, Equatable {
    /// How weights stand in the file; biases are always float32.
    public enum Precision: String, Sendable, CaseIterable {
        case float32, float16
    }

    /// Parameters of one weighted layer.
    public struct Layer: Sendable, Equatable {
        /// (outputs × inputs), row-major, as in ``Student/QuantisedLayer/weight``.
        public var weight: [Float]
        /// (outputs).
        public var bias: [Float]

        public init(weight: [Float], bias: [Float]) {
            self.weight = weight
            self.bias = bias
        }
    }

    /// An input with the output expected.
    public struct GoldenVector: Sendable, Equatable {
        /// (samples × channels), in raw units.
        public var input: [Float]
        /// (outputs).
        public var logits: [Float]

        public init(input: [Float], logits: [Float]) {
            self.input = input
            self.logits = logits
        }
    }

    public var task: TaskDocument
    /// As a student's: batch norm folded, dropout left out.
    public var spec: NetworkSpec
    public var normalisation: Student.Normalisation
    /// One for each of ``NetworkSpec/weightedLayers``, in order.
    public var layers: [Layer]
    public var gate: Student.Gate
    public internal(set) var precision: Precision
    public var golden: [GoldenVector]
    /// How far a machine's logits may be from the golden ones, as a share of the largest of them (or of 1, if that is
    /// more).
    public var tolerance: Float

    public init(
        task: TaskDocument, spec: NetworkSpec, normalisation: Student.Normalisation, layers: [Layer],
        gate: Student.Gate, golden: [GoldenVector] = [], tolerance: Float = 1e-4
    ) {
        self.task = task
        self.spec = spec
        self.normalisation = normalisation
        self.layers = layers
        self.gate = gate
        self.golden = golden
        self.tolerance = tolerance
        precision = .float32
    }

    /// The network with its weights rounded to a precision, and without golden vectors: they are of other weights.
    public func stored(as precision: Precision) -> FloatNetwork {
        var copy = self
        copy.precision = precision
        guard precision == .float16 else { return copy }
        for index in layers.indices {
            copy.layers[index].weight = layers[index].weight.map { HalfPrecision.float(HalfPrecision.bits($0)) }
        }
        copy.golden = []
        return copy
    }

    /// Checks everything that inference relies on.
    ///
    /// - Throws: ``ArtifactError`` `.inconsistent` or `.tooLarge`, naming the part.
    public func validate(requiringGolden: Bool = true) throws(ArtifactError) {
        try spec.validateRunnable(task, normalisation)
        try Student.positive(normalisation.standardDeviation.map { 1 / $0 }, "1 / standardDeviation")
        try gate.validate()
        let weighted = spec.weightedLayers
        try Student.check(layers.count == weighted.count, "\(layers.count) layers for \(weighted.count) in the spec")
        for (layer, index) in zip(layers, weighted) {
            let (outputs, inputs) = spec.weightShape(at: index)
            try Student.check(
                layer.weight.count == outputs * inputs && layer.bias.count == outputs,
                "layers.\(index): weight or bias has another size than \(outputs) × \(inputs)")
            try Student.check(
                (layer.weight + layer.bias).allSatisfy(\.isFinite), "layers.\(index): a weight or bias is not finite")
            try Student.check(
                precision == .float32 || layer.weight.allSatisfy { HalfPrecision.float(HalfPrecision.bits($0)) == $0 },
                "layers.\(index): a weight is no float16")
        }
        try Student.check(tolerance >= 0 && tolerance <= 0.1, "tolerance: \(tolerance) is not within 0...0.1")
        try Student.check(
            ((requiringGolden ? 1 : 0)...64).contains(golden.count),
            "golden: 1 to 64 vectors are needed, not \(golden.count)")
        for vector in golden {
            try Student.check(
                vector.input.count == spec.samples * spec.channels && vector.logits.count == spec.outputs,
                "golden: a vector has another size than the network's input and output")
            try Student.check(
                (vector.input + vector.logits).allSatisfy(\.isFinite), "golden: a value is not finite")
        }
    }
}
