import Inference
import ModelArtifact

/// Students with chosen shapes and random parameters.
enum TestStudent {
    /// Shapes that between them have every layer of a student, odd sizes, padding on either side, strides and rests.
    static let shapes: [NetworkSpec] = [
        // What `retort distill` makes.
        NetworkSpec(
            samples: 50, channels: 6,
            layers: [
                .convolution(filters: 12, kernel: 5, stride: 2), .relu, .convolution(filters: 16, kernel: 5, stride: 2),
                .relu, .convolution(filters: 24, kernel: 5, stride: 2), .relu, .globalAveragePool, .dense(units: 7),
            ]),
        // A row of a table.
        NetworkSpec(samples: 1, channels: 9, layers: [.dense(units: 13), .relu, .dense(units: 3)]),
        NetworkSpec(samples: 1, channels: 4, layers: [.dense(units: 2)]),
        // Separable with linear bottlenecks, dilated, both pools, a rest that is left out.
        NetworkSpec(
            samples: 41, channels: 3,
            layers: [
                .convolution(filters: 8, kernel: 4, stride: 1), .depthwiseConvolution(kernel: 5, stride: 2), .relu,
                .convolution(filters: 6, kernel: 1, stride: 1), .maxPool(size: 2),
                .convolution(filters: 10, kernel: 3, stride: 1, dilation: 3), .relu,
                .depthwiseConvolution(kernel: 3, stride: 1, dilation: 2), .averagePool(size: 3), .dense(units: 5),
                .dense(units: 4),
            ]),
        NetworkSpec(
            samples: 30, channels: 2,
            layers: [
                .averagePool(size: 2), .depthwiseConvolution(kernel: 3, stride: 1), .relu,
                .convolution(filters: 5, kernel: 3, stride: 1), .globalMaxPool, .dense(units: 6), .relu,
                .dense(units: 2),
            ]),
    ]

    /// - Parameter ties: requantises by halves exactly, so that every rounding is put to the test.
    static func student(
        _ spec: NetworkSpec, seed: UInt64, name: String = "t", ties: Bool = false, golden: Int = 3
    ) throws -> Student {
        var random = TestRandom(seed: seed)
        let layers = spec.layers.indices.compactMap { quantised(spec, $0, ties, &random) }
        let student = Student(
            task: TaskDocument(
                name: name, channels: (0..<spec.channels).map { .init(name: "c\($0)", unit: "m/s²") }, rate: 10,
                window: spec.samples, step: 1, classes: (0..<spec.outputs).map { .init(name: "k\($0)") }),
            spec: spec,
            normalisation: .init(
                mean: (0..<spec.channels).map { _ in Float.random(in: -5...5, using: &random) },
                standardDeviation: (0..<spec.channels).map { _ in Float.random(in: 0.1...9, using: &random) }),
            inputScale: 0.03, layers: layers, gate: .init(temperature: 1.5, threshold: 0.6), golden: [])
        return try InferenceEngine(student).student(
            withGolden: (0..<golden).map { _ in window(student, &random) })
    }

    private static func quantised(
        _ spec: NetworkSpec, _ index: Int, _ ties: Bool, _ random: inout TestRandom
    ) -> Student.QuantisedLayer? {
        let (input, output) = (spec.extents[index], spec.extents[index + 1])
        let inputs: Int
        switch spec.layers[index] {
        case .convolution(_, let kernel, _, _): inputs = kernel * input.channels
        case .depthwiseConvolution(let kernel, _, _): inputs = kernel
        case .dense: inputs = input.count
        default: return nil
        }
        let outputs = output.channels
        let isLast = index == spec.layers.count - 1
        // A sum of n products has a spread of about 127 / √3 · 128 / √3 · √n; it is brought to about 150.
        let step = 150 / (5400 * Float(inputs).squareRoot())
        let factors = (0..<outputs).map { _ in
            ties
                ? Float(sign: .plus, exponent: step.exponent - 1, significand: 1)
                : Float.random(in: 0.2...0.7, using: &random) * step
        }
        return Student.QuantisedLayer(
            weight: (0..<outputs * inputs).map { _ in Int8.random(in: -127...127, using: &random) },
            bias: (0..<outputs).map { _ in Int32.random(in: -3000...3000, using: &random) },
            weightScale: isLast ? Array(repeating: 0.01, count: outputs) : factors,
            outputScale: isLast ? 0.002 : 0.03, inputScale: isLast ? nil : 0.03)
    }

    /// A window in raw units; few of its values reach beyond the input's grid.
    static func window(_ student: Student, _ random: inout TestRandom) -> [Float] {
        let normalisation = student.normalisation
        return (0..<student.spec.samples * student.spec.channels).map { index in
            let channel = index % student.spec.channels
            let spread = 4.2 * normalisation.standardDeviation[channel]
            return normalisation.mean[channel] + Float.random(in: -spread...spread, using: &random)
        }
    }

    static func windows(_ student: Student, count: Int, seed: UInt64) -> [[Float]] {
        var random = TestRandom(seed: seed)
        return (0..<count).map { _ in window(student, &random) }
    }
}
