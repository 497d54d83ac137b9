/// A student as it is trained, signed, sent and run: an int8 network with everything an edge needs around it.
///
/// The arithmetic is integer throughout and fully specified, so that every machine gets the same logits:
///
/// - **Input**: `q = clamp(round((x − mean) / (std · inputScale)) + 128, 0, 255)`, ties to even, in float32
///   (one multiplication by `1 / (std · inputScale)`, computed in float32 and kept); so the input is u8 with zero point 128.
/// - **Convolution, depthwise convolution and dense**: activations u8 with zero point z
///   (``NetworkSpec/activationZeroPoints``: 128 for the input, 0 after a ReLU), weights s8 in −127...127;
///   `acc = bias + Σ (a − z) · w` in i32. Padding counts as `a = z`.
/// - **Requantisation** of every such layer but the last, per output channel:
///   `a = clamp(((acc · multiplier + 2^(shift − 1)) >> shift) + z, 0, 255)`, product in i64, arithmetic shift,
///   multiplier and shift the ``FixedPoint`` of `input scale · weight scale / output scale`. Where a ReLU directly follows, z = 0 and the clamp at 0 is the ReLU; without
///   one (low-rank factors, linear bottlenecks) z = 128, and the real activation is `(a − 128) · outputScale`.
/// - **Pooling**: on the codes, so the zero point stays; maximum as it is; averages over n samples
///   `(2 · Σa + n) / (2n)` rounded down (so halves go up).
/// - **The last layer** is dense with one weight scale for all outputs and is not requantised: its i32 accumulators
///   are the logits; times `logitScale` they are the real ones.
public struct Student: Sendable, Equatable {
    /// Offset and scale that bring a channel to zero mean and unit deviation.
    public struct Normalisation: Sendable, Equatable {
        public var mean: [Float]
        public var standardDeviation: [Float]
        public init(mean: [Float], standardDeviation: [Float]) {
            self.mean = mean
            self.standardDeviation = standardDeviation
        }
    }

    /// Parameters of one convolution, depthwise convolution or dense layer.
    public struct QuantisedLayer: Sendable, Equatable {
        /// (outputs × inputs), row-major; for a convolution inputs are kernel × channels, for a depthwise one kernel.
        public var weight: [Int8]
        /// (outputs), at the accumulator's scale.
        public var bias: [Int32]
        /// (outputs): real weight = weight · weightScale. All equal in the last layer.
        public var weightScale: [Float]
        /// Real output activation = (a − z) · outputScale; for the last layer the scale of a logit.
        public var outputScale: Float
        /// (outputs), as the scales give them; empty in the last layer.
        public let multiplier: [Int32]
        /// (outputs), as the scales give them; empty in the last layer.
        public let shift: [UInt8]

        /// - Parameter inputScale: of the activations that come in; nil in the last layer, which is not requantised.
        public init(
            weight: [Int8], bias: [Int32], weightScale: [Float], outputScale: Float, inputScale: Float?
        ) {
            self.weight = weight
            self.bias = bias
            self.weightScale = weightScale
            self.outputScale = outputScale
            let factors = Self.requantisation(weightScale, from: inputScale, to: outputScale)
            multiplier = factors.map(\.multiplier)
            shift = factors.map(\.shift)
        }

        /// What brings each output's sum to the codes of the next layer; nothing where a factor cannot be stored.
        static func requantisation(
            _ weightScale: [Float], from inputScale: Float?, to outputScale: Float
        ) -> [FixedPoint] {
            guard let inputScale else { return [] }
            let factors = weightScale.map { FixedPoint(Double(inputScale) * Double($0) / Double(outputScale)) }
            return factors.contains(nil) ? [] : factors.compactMap(\.self)
        }
    }

    /// When an edge asks the teacher, calibrated on validation data.
    public struct Gate: Sendable, Equatable {
        /// Divides the real logits before the softmax: confidences are calibrated by it.
        public var temperature: Float
        /// A calibrated confidence below this asks for a verdict.
        public var threshold: Float
        /// Regression alone: root mean square of the errors on validation data, in the target's unit.
        public var standardDeviation: Float?
        public init(temperature: Float, threshold: Float, standardDeviation: Float? = nil) {
            self.temperature = temperature
            self.threshold = threshold
            self.standardDeviation = standardDeviation
        }
    }

    /// An input with the exact output expected.
    public struct GoldenVector: Sendable, Equatable {
        /// (samples × channels), after input quantisation.
        public var input: [UInt8]
        /// (outputs).
        public var logits: [Int32]
        public init(input: [UInt8], logits: [Int32]) {
            self.input = input
            self.logits = logits
        }
    }

    public static let currentFormat = 2

    public var task: TaskDocument
    /// Only convolutions, relu, pools and dense: batch norm folded, dropout left out.
    public var spec: NetworkSpec
    public var normalisation: Normalisation
    /// Step of the quantised input, in standard deviations.
    public var inputScale: Float
    /// One for each of ``NetworkSpec/weightedLayers``, in order.
    public var layers: [QuantisedLayer]
    public var gate: Gate
    public var golden: [GoldenVector]
    /// SHA-256 of the student this one was warm-started from, in hexadecimal.
    public var base: String?

    public init(
        task: TaskDocument, spec: NetworkSpec, normalisation: Normalisation, inputScale: Float,
        layers: [QuantisedLayer], gate: Gate, golden: [GoldenVector], base: String? = nil
    ) {
        self.task = task
        self.spec = spec
        self.normalisation = normalisation
        self.inputScale = inputScale
        self.layers = layers
        self.gate = gate
        self.golden = golden
        self.base = base
    }
}
