import ModelArtifact

/// The networks that are timed. Their weights are drawn, for they cost the same; they are scaled so that activations
/// neither vanish nor saturate.
enum BenchmarkNetwork: String, CaseIterable {
    /// Three convolutions of stride 2: 11.7 k parameters.
    case student
    /// Four convolutions and two maximum pools: 149 k parameters.
    case teacher

    var spec: NetworkSpec {
        func convolution(_ filters: Int, stride: Int = 1) -> [NetworkSpec.Layer] {
            [.convolution(filters: filters, kernel: 5, stride: stride), .relu]
        }
        let layers: [NetworkSpec.Layer] =
            switch self {
            case .student:
                convolution(16, stride: 2) + convolution(32, stride: 2) + convolution(48, stride: 2)
            case .teacher:
                convolution(64) + convolution(64) + [.maxPool(size: 2)] + convolution(128) + [.maxPool(size: 2)]
                    + convolution(128)
            }
        return NetworkSpec(samples: 100, channels: 6, layers: layers + [.globalAveragePool, .dense(units: 18)])
    }

    var floats: FloatNetwork {
        let spec = spec
        var random = SplitMix(state: 1)
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            // As He: a ReLU's outputs keep the size of its inputs.
            let reach = (6 / Float(inputs)).squareRoot()
            return FloatNetwork.Layer(
                weight: (0..<outputs * inputs).map { _ in Float.random(in: -reach...reach, using: &random) },
                bias: (0..<outputs).map { _ in Float.random(in: -0.1...0.1, using: &random) })
        }
        return FloatNetwork(
            task: TaskDocument(
                name: rawValue, channels: (0..<spec.channels).map { .init(name: "c\($0)", unit: "") }, rate: 20,
                window: spec.samples, step: 50, classes: (0..<spec.outputs).map { .init(name: "k\($0)") }),
            spec: spec,
            normalisation: .init(
                mean: Array(repeating: 0, count: spec.channels),
                standardDeviation: Array(repeating: 1, count: spec.channels)),
            layers: layers, gate: .init(temperature: 1, threshold: 0.5))
    }

    /// The same network on int8 grids.
    var int8: Student {
        let floats = floats
        let inputScale: Float = 4 / 127
        var scale = inputScale
        let weighted = floats.spec.weightedLayers
        let layers = zip(floats.layers, weighted).map { layer, index in
            let isLast = index == weighted.last
            let largest = layer.weight.map(\.magnitude).max() ?? 1
            let weightScale = largest / 127
            let outputScale: Float = isLast ? scale * weightScale : 6 / 255
            let outputs = layer.bias.count
            defer { scale = outputScale }
            return Student.QuantisedLayer(
                weight: layer.weight.map { Int8(($0 / weightScale).rounded()) },
                bias: layer.bias.map { Int32(($0 / (scale * weightScale)).rounded()) },
                weightScale: Array(repeating: weightScale, count: outputs), outputScale: outputScale,
                inputScale: isLast ? nil : scale)
        }
        return Student(
            task: floats.task, spec: floats.spec, normalisation: floats.normalisation, inputScale: inputScale,
            layers: layers, gate: floats.gate, golden: [])
    }

    /// Windows of normal size, one after the other.
    static func windows(_ count: Int, _ spec: NetworkSpec) -> [[Float]] {
        var random = SplitMix(state: 2)
        return (0..<count).map { _ in
            (0..<spec.samples * spec.channels).map { _ in
                (0..<6).reduce(0) { sum, _ in sum + Float.random(in: -0.7...0.7, using: &random) }
            }
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
