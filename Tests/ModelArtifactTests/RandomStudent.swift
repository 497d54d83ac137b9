import ModelArtifact

/// A deterministic generator for tests.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Student {
    /// A student with random parameters; its golden logits are not those of the network.
    static func random(seed: UInt64 = 1) -> Student {
        var random = TestRandom(seed: seed)
        let spec = NetworkSpec(
            samples: 40, channels: 3,
            layers: [
                .convolution(filters: 5, kernel: 5, stride: 2), .relu, .maxPool(size: 2),
                .convolution(filters: 8, kernel: 3, stride: 1), .relu, .globalAveragePool, .dense(units: 4),
            ])
        let task = TaskDocument(
            name: "activity", channels: ["ax", "ay", "az"].map { .init(name: $0, unit: "m/s²") }, rate: 20, window: 40,
            step: 20, classes: ["sit", "walk", "run", "jump"].map { .init(name: $0) })
        let inputScale: Float = 0.031
        var scale: Float? = inputScale
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            let isLast = index == spec.layers.count - 1
            let outputScale = Float.random(in: 0.01...0.1, using: &random)
            defer { scale = outputScale }
            return QuantisedLayer(
                weight: (0..<outputs * inputs).map { _ in Int8.random(in: -127...127, using: &random) },
                bias: (0..<outputs).map { _ in Int32.random(in: -5000...5000, using: &random) },
                weightScale: isLast
                    ? Array(repeating: 0.0123, count: outputs)
                    : (0..<outputs).map { _ in Float.random(in: 0.001...0.1, using: &random) },
                outputScale: outputScale, inputScale: isLast ? nil : scale)
        }
        return Student(
            task: task, spec: spec,
            normalisation: .init(mean: [0.1, -0.3, 9.81], standardDeviation: [1.5, 2.25, 3.1]), inputScale: inputScale,
            layers: layers, gate: .init(temperature: 1.37, threshold: 0.62),
            golden: (0..<3).map { _ in
                GoldenVector(
                    input: (0..<120).map { _ in UInt8.random(in: 0...255, using: &random) },
                    logits: (0..<4).map { _ in Int32.random(in: -100_000...100_000, using: &random) })
            },
            base: String(repeating: "ab", count: 32))
    }
}
