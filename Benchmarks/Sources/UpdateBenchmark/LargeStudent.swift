import Inference
import ModelArtifact

/// Students of a hundred thousand weights, far from what 3.7 k parameters can show of a codec's speed.
enum LargeStudent {
    /// Writes a base and targets of which a share of the weights moved by one step.
    static func write(_ folder: String) throws {
        var random = SplitMix(state: 1)
        let spec = NetworkSpec(
            samples: 100, channels: 6,
            layers: [
                .convolution(filters: 64, kernel: 5, stride: 2), .relu,
                .convolution(filters: 128, kernel: 5, stride: 2), .relu,
                .convolution(filters: 88, kernel: 5, stride: 2), .relu, .globalAveragePool, .dense(units: 18),
            ])
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            return Student.QuantisedLayer(
                weight: (0..<outputs * inputs).map { _ in Int8(max(-127, min(127, normal(&random) * 40))) },
                bias: (0..<outputs).map { _ in Int32(normal(&random) * 3000) },
                weightScale: Array(repeating: 0.0043, count: outputs), outputScale: 0.031,
                inputScale: index == spec.layers.count - 1 ? nil : 0.031)
        }
        let student = Student(
            task: TaskDocument(
                name: "large", channels: (0..<6).map { .init(name: "c\($0)", unit: "m/s²") }, rate: 20, window: 100,
                step: 50, classes: (0..<18).map { .init(name: "class-\($0)") }),
            spec: spec,
            normalisation: .init(
                mean: Array(repeating: 0.25, count: 6), standardDeviation: Array(repeating: 3.5, count: 6)),
            inputScale: 0.031, layers: layers, gate: .init(temperature: 1.3, threshold: 0.6), golden: [])
        let windows = (0..<2).map { _ in (0..<600).map { _ in Float(normal(&random)) } }
        let base = try InferenceEngine(student).student(withGolden: windows)
        try Files.write(base.encode(), folder, "large-base")
        for (name, share) in [("large-half", 0.5), ("large-tenth", 0.1)] {
            var target = base
            for layer in target.layers.indices {
                for index in target.layers[layer].weight.indices where Double.random(in: 0..<1, using: &random) < share
                {
                    let step: Int8 = Bool.random(using: &random) ? 1 : -1
                    let moved = target.layers[layer].weight[index] &+ step
                    target.layers[layer].weight[index] = max(-127, min(127, moved))
                }
            }
            let file = try InferenceEngine(target).student(withGolden: windows)
            try Files.write(file.encode(), folder, name)
        }
    }

    /// About normally distributed.
    private static func normal(_ random: inout SplitMix) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
