import Inference
import ModelArtifact

/// A deterministic generator for tests.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

/// Tasks and students small enough for a test, and real in every part.
enum TinyStudent {
    static func task(_ name: String = "wrist", parameters: Int = 500, bytes: Int = 16_384) -> TaskDocument {
        TaskDocument(
            name: name, channels: ["x", "y"].map { .init(name: $0, unit: "m/s2") }, rate: 10, window: 16, step: 8,
            classes: [.init(name: "rest"), .init(name: "wave")],
            student: .init(profile: "x86-gateway", parameters: parameters, bytes: bytes))
    }

    /// A student with golden vectors of the real engine.
    ///
    /// - Parameter moved: weights that differ from those of the same seed with 0.
    static func make(
        seed: UInt64 = 1, moved: Int = 0, task: TaskDocument = task(), base: String? = nil
    ) throws -> Student {
        var random = TestRandom(seed: seed)
        let spec = NetworkSpec(
            samples: task.window, channels: task.channels.count,
            layers: [
                .convolution(filters: 12, kernel: 5, stride: 2), .relu, .globalAveragePool,
                .dense(units: task.outputs),
            ])
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            let isLast = index == spec.layers.count - 1
            return Student.QuantisedLayer(
                weight: (0..<outputs * inputs).map { _ in Int8.random(in: -100...100, using: &random) },
                bias: (0..<outputs).map { _ in Int32.random(in: -500...500, using: &random) },
                weightScale: isLast
                    ? Array(repeating: 0.01, count: outputs)
                    : (0..<outputs).map { _ in Float.random(in: 0.001...0.1, using: &random) },
                outputScale: 0.05, inputScale: isLast ? nil : 0.03)
        }
        var student = Student(
            task: task, spec: spec,
            normalisation: .init(
                mean: Array(repeating: 0.5, count: spec.channels),
                standardDeviation: Array(repeating: 2, count: spec.channels)), inputScale: 0.03, layers: layers,
            gate: .init(temperature: 1.2, threshold: 0.6), golden: [], base: base)
        for index in 0..<moved { student.layers[0].weight[index] += 1 }
        let windows = (0..<2).map { _ in
            (0..<spec.samples * spec.channels).map { _ in Float.random(in: -3...3, using: &random) }
        }
        return try InferenceEngine(student).student(withGolden: windows)
    }
}
