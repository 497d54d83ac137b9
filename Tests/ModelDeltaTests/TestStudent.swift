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

    /// About normally distributed, with the deviation given.
    mutating func normal(_ deviation: Double) -> Double {
        ((0..<12).reduce(0.0) { sum, _ in sum + Double.random(in: 0...1, using: &self) } - 6) * deviation
    }
}

/// A student of 3.7 k parameters and what training makes of it.
enum TestStudent {
    static func make(seed: UInt64, filters: Int = 12) -> Student {
        var random = TestRandom(seed: seed)
        let spec = NetworkSpec(
            samples: 100, channels: 6,
            layers: [
                .convolution(filters: filters, kernel: 5, stride: 2), .relu,
                .convolution(filters: 16, kernel: 5, stride: 2), .relu, .convolution(filters: 24, kernel: 5, stride: 2),
                .relu, .globalAveragePool, .dense(units: 18),
            ])
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            let isLast = index == spec.layers.count - 1
            return Student.QuantisedLayer(
                weight: (0..<outputs * inputs).map { _ in Int8(max(-127, min(127, random.normal(40)))) },
                bias: (0..<outputs).map { _ in Int32(random.normal(3000)) },
                weightScale: isLast
                    ? Array(repeating: 0.0043, count: outputs)
                    : (0..<outputs).map { _ in Float.random(in: 0.001...0.01, using: &random) },
                outputScale: 0.031, inputScale: isLast ? nil : 0.031)
        }
        return Student(
            task: TaskDocument(
                name: "activity", channels: (0..<6).map { .init(name: "c\($0)", unit: "m/s²") }, rate: 20, window: 100,
                step: 50, classes: (0..<18).map { .init(name: "class-\($0)") }),
            spec: spec,
            normalisation: .init(
                mean: Array(repeating: 0.25, count: 6), standardDeviation: Array(repeating: 3.5, count: 6)),
            inputScale: 0.031, layers: layers, gate: .init(temperature: 1.3, threshold: 0.6),
            golden: [
                .init(
                    input: (0..<600).map { _ in UInt8.random(in: 0...255, using: &random) },
                    logits: (0..<18).map { _ in Int32.random(in: -30_000...30_000, using: &random) })
            ])
    }

    /// The student after a warm-started training: every weight may move by a little on the same grid.
    static func moved(_ student: Student, deviation: Double, seed: UInt64) -> Student {
        var random = TestRandom(seed: seed)
        var next = student
        next.base = ContentDigest(of: student.encode()).hex
        for layer in next.layers.indices {
            next.layers[layer].weight = next.layers[layer].weight.map {
                Int8(max(-127, min(127, Int($0) + Int(random.normal(deviation).rounded()))))
            }
            next.layers[layer].bias = next.layers[layer].bias.map { $0 + Int32(random.normal(40)) }
        }
        next.golden[0].logits = next.golden[0].logits.map { $0 + Int32(random.normal(500)) }
        return next
    }
}
