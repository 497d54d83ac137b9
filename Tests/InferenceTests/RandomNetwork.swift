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

/// Students with random shapes and parameters.
enum RandomNetwork {
    static func spec(_ random: inout TestRandom) -> NetworkSpec {
        var spec = NetworkSpec(
            samples: Int.random(in: 1...70, using: &random), channels: Int.random(in: 1...9, using: &random), layers: []
        )
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let samples = spec.extents.last?.samples ?? 1
            let (kernel, stride) = (Int.random(in: 1...7, using: &random), Int.random(in: 1...5, using: &random))
            let dilation = max(1, Int.random(in: -3...4, using: &random))
            switch Int.random(in: 0...6, using: &random) {
            case 0...1:
                spec.layers.append(
                    .convolution(
                        filters: Int.random(in: 1...70, using: &random), kernel: kernel, stride: stride,
                        dilation: dilation))
            case 2: spec.layers.append(.depthwiseConvolution(kernel: kernel, stride: stride, dilation: dilation))
            case 3: spec.layers.append(.maxPool(size: Int.random(in: 1...max(1, samples / 2), using: &random)))
            case 4: spec.layers.append(.averagePool(size: Int.random(in: 1...max(1, samples / 2), using: &random)))
            case 5: spec.layers.append(.dense(units: Int.random(in: 1...20, using: &random)))
            default: spec.layers.append(.globalMaxPool)
            }
            let isWeighted = spec.weightedLayers.last == spec.layers.count - 1
            if isWeighted, Int.random(in: 0...2, using: &random) > 0 { spec.layers.append(.relu) }
            if spec.extents.last?.samples ?? 0 > 1, Int.random(in: 0...2, using: &random) == 0 {
                spec.layers.append(.maxPool(size: 2))
            }
        }
        if Bool.random(using: &random) { spec.layers.append(.globalAveragePool) }
        spec.layers.append(.dense(units: Int.random(in: 2...20, using: &random)))
        return spec
    }

    static func student(_ spec: NetworkSpec, _ random: inout TestRandom) -> Student {
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            let isLast = index == spec.layers.count - 1
            // A sum of n products has a spread of about 127 / √3 · 128 / √3 · √n; it is brought to about 128. Some layers have
            // a factor above a quarter, at which most sums saturate.
            let spread = 5400 * Float(inputs).squareRoot() / 128
            let step: Float = Int.random(in: 0...5, using: &random) == 0 ? 1 : 1 / spread
            return Student.QuantisedLayer(
                weight: (0..<outputs * inputs).map { _ in Int8.random(in: -127...127, using: &random) },
                bias: (0..<outputs).map { _ in Int32.random(in: -9000...9000, using: &random) },
                weightScale: isLast
                    ? Array(repeating: 0.01, count: outputs)
                    : (0..<outputs).map { _ in Float.random(in: 0.25...1, using: &random) * step },
                outputScale: isLast ? 0.002 : 0.03, inputScale: isLast ? nil : 0.03)
        }
        return Student(
            task: TaskDocument(
                name: "t", channels: (0..<spec.channels).map { .init(name: "c\($0)", unit: "") }, rate: 10,
                window: spec.samples, step: 1, classes: (0..<spec.outputs).map { .init(name: "k\($0)") }),
            spec: spec,
            normalisation: .init(
                mean: (0..<spec.channels).map { _ in Float.random(in: -5...5, using: &random) },
                standardDeviation: (0..<spec.channels).map { _ in Float.random(in: 0.1...9, using: &random) }),
            inputScale: 0.03, layers: layers, gate: .init(temperature: 1.5, threshold: 0.6), golden: [])
    }

    static func floats(_ spec: NetworkSpec, _ random: inout TestRandom) -> FloatNetwork {
        let student = student(spec, &random)
        return FloatNetwork(
            task: student.task, spec: spec, normalisation: student.normalisation,
            layers: spec.weightedLayers.map { index in
                let (outputs, inputs) = spec.weightShape(at: index)
                let reach = (6 / Float(inputs)).squareRoot()
                return .init(
                    weight: (0..<outputs * inputs).map { _ in Float.random(in: -reach...reach, using: &random) },
                    bias: (0..<outputs).map { _ in Float.random(in: -0.2...0.2, using: &random) })
            }, gate: student.gate)
    }

    static func input(_ spec: NetworkSpec, _ random: inout TestRandom) -> [UInt8] {
        (0..<spec.samples * spec.channels).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
