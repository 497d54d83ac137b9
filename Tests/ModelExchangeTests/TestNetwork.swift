import ModelArtifact
import NeuralNetwork

/// Float networks with random weights.
enum TestNetwork {
    static let samples = 24
    static let channels = 3

    static let layers: [[NetworkSpec.Layer]] = [
        // A teacher of `retort distill`.
        [
            .convolution(filters: 8, kernel: 5, stride: 1), .batchNorm, .relu, .maxPool(size: 2),
            .convolution(filters: 12, kernel: 5, stride: 2), .batchNorm, .relu, .globalAveragePool, .dropout(rate: 0.3),
            .dense(units: 4),
        ],
        // A residual one, with both kinds of shortcut.
        [
            .convolution(filters: 8, kernel: 3, stride: 1), .batchNorm, .relu,
            .residual([
                .convolution(filters: 8, kernel: 3, stride: 1), .batchNorm, .relu,
                .convolution(filters: 8, kernel: 3, stride: 1), .batchNorm,
            ]), .relu,
            .residual([
                .depthwiseConvolution(kernel: 5, stride: 2), .convolution(filters: 10, kernel: 1, stride: 1),
                .batchNorm,
            ]), .relu, .globalMaxPool, .dense(units: 3),
        ],
        // The other activations, dilation, and a flattening of several samples.
        [
            .convolution(filters: 5, kernel: 4, stride: 3, dilation: 2), .gelu,
            .convolution(filters: 5, kernel: 1, stride: 1), .relu6, .averagePool(size: 3), .dense(units: 6),
            .batchNorm, .tanh, .dense(units: 5), .sigmoid, .dense(units: 4), .softmax, .dense(units: 2),
        ],
        [.gru(units: 6, sequence: true), .gru(units: 5, sequence: false), .dense(units: 3)],
    ]

    static func network(
        _ layers: [NetworkSpec.Layer], seed: UInt64
    ) -> (weights: NetworkWeights, normalisation: Student.Normalisation) {
        var random = TestRandom(seed: seed)
        let spec = NetworkSpec(samples: samples, channels: channels, layers: layers)
        var weights = NetworkWeights(spec: spec, seed: seed)
        // Batch norm that does something, biases that are not 0; none before batch norm, where training leaves 0.
        for entry in weights.layout.values where entry.shape.count == 1 {
            if entry.role == .bias, entry.layer + 1 < layers.count, layers[entry.layer + 1] == .batchNorm { continue }
            for index in entry.range { weights.values[index] += Float.random(in: -0.3...0.3, using: &random) }
        }
        for index in weights.statistics.indices {
            weights.statistics[index] += Float.random(in: 0...0.5, using: &random)
        }
        let normalisation = Student.Normalisation(
            mean: (0..<channels).map { _ in Float.random(in: -2...2, using: &random) },
            standardDeviation: (0..<channels).map { _ in Float.random(in: 0.5...3, using: &random) })
        return (weights, normalisation)
    }

    static func task(_ spec: NetworkSpec) -> TaskDocument {
        TaskDocument(
            name: "t", channels: (0..<spec.channels).map { .init(name: "c\($0)", unit: "") }, rate: 10,
            window: spec.samples, step: 1, classes: (0..<spec.outputs).map { .init(name: "k\($0)") })
    }

    static func windows(_ spec: NetworkSpec, count: Int) -> [[Float]] {
        var random = TestRandom(seed: 99)
        return (0..<count).map { _ in
            (0..<spec.samples * spec.channels).map { _ in Float.random(in: -4...4, using: &random) }
        }
    }

    /// What our own runtime makes of windows.
    static func outputs(
        _ weights: NetworkWeights, _ normalisation: Student.Normalisation, _ windows: [[Float]]
    ) throws -> [[Float]] {
        let spec = weights.spec
        let labelled = try LabelledWindows(
            samples: spec.samples, channels: spec.channels, values: windows.flatMap(\.self),
            labels: windows.map { _ in LabelledWindows.unlabelled }, groups: windows.map { _ in 0 })
        let flat = NetworkEvaluator(weights, Normaliser(normalisation), pool: ComputePool(threads: 1)).logits(labelled)
        return windows.indices.map { Array(flat[$0 * spec.outputs..<($0 + 1) * spec.outputs]) }
    }
}
