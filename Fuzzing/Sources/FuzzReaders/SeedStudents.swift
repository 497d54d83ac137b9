import Inference
import ModelArtifact

/// Small students: seeds of the corpus, and the one that deltas are against.
enum SeedStudents {
    static let deltaBase = make(specs[0], seed: 1).encode()

    /// Between them every layer of a student.
    static let specs: [NetworkSpec] = [
        NetworkSpec(
            samples: 8, channels: 2,
            layers: [.convolution(filters: 6, kernel: 3, stride: 2), .relu, .globalAveragePool, .dense(units: 3)]),
        NetworkSpec(samples: 1, channels: 4, layers: [.dense(units: 5), .relu, .dense(units: 2)]),
        NetworkSpec(
            samples: 12, channels: 2,
            layers: [
                .depthwiseConvolution(kernel: 3, stride: 1), .convolution(filters: 4, kernel: 1, stride: 1), .relu,
                .maxPool(size: 2), .convolution(filters: 3, kernel: 2, stride: 1, dilation: 2), .averagePool(size: 2),
                .globalMaxPool, .dense(units: 2),
            ]),
    ]

    static func make(_ spec: NetworkSpec, seed: UInt32) -> Student {
        var state = seed
        func integers(_ count: Int) -> [Int] {
            (0..<count).map { _ in
                state = state &* 1_664_525 &+ 1_013_904_223
                return Int(state >> 24) % 121 - 60
            }
        }
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            return Student.QuantisedLayer(
                weight: integers(outputs * inputs).map { Int8($0) }, bias: integers(outputs).map { Int32($0 * 20) },
                weightScale: Array(repeating: 0.01, count: outputs), outputScale: 0.05,
                inputScale: index == spec.layers.count - 1 ? nil : 0.05)
        }
        let student = Student(
            task: task(spec), spec: spec, normalisation: normalisation(spec), inputScale: 0.05, layers: layers,
            gate: .init(temperature: 1, threshold: 0.5), golden: [])
        let window = integers(spec.samples * spec.channels).map { Float($0) / 20 }
        return (try? InferenceEngine(student).student(withGolden: [window])) ?? student
    }

    static func task(_ spec: NetworkSpec) -> TaskDocument {
        TaskDocument(
            name: "t", channels: (0..<spec.channels).map { .init(name: "c\($0)", unit: "") }, rate: 10,
            window: spec.samples, step: 1, classes: (0..<spec.outputs).map { .init(name: "k\($0)") })
    }

    static func normalisation(_ spec: NetworkSpec) -> Student.Normalisation {
        .init(
            mean: Array(repeating: 0, count: spec.channels),
            standardDeviation: Array(repeating: 1, count: spec.channels))
    }
}
