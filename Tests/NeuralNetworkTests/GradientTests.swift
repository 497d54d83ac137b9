import ModelArtifact
import TensorKernels
import Testing

@testable import NeuralNetwork

@Suite("Gradients")
struct GradientTests {
    static let networks: [(String, NetworkSpec)] = [
        ("convolution", spec([.convolution(filters: 4, kernel: 3, stride: 1), .dense(units: 3)])),
        (
            "strides",
            spec([
                .convolution(filters: 3, kernel: 5, stride: 1), .convolution(filters: 4, kernel: 5, stride: 2),
                .convolution(filters: 3, kernel: 3, stride: 3), .convolution(filters: 2, kernel: 4, stride: 1),
                .globalAveragePool, .dense(units: 3),
            ])
        ),
        (
            "a kernel shorter than its stride",
            spec([
                .convolution(filters: 3, kernel: 2, stride: 1), .convolution(filters: 4, kernel: 1, stride: 2),
                .convolution(filters: 3, kernel: 2, stride: 3), .dense(units: 2),
            ])
        ),
        (
            "batch norm with and without ReLU",
            spec([
                .convolution(filters: 3, kernel: 3, stride: 1), .batchNorm, .relu,
                .convolution(filters: 4, kernel: 3, stride: 2), .batchNorm, .globalAveragePool, .dense(units: 3),
            ])
        ),
        (
            "pools with a rest",
            spec([
                .convolution(filters: 3, kernel: 3, stride: 1), .maxPool(size: 2),
                .convolution(filters: 3, kernel: 3, stride: 1), .averagePool(size: 2), .dense(units: 2),
            ])
        ),
        (
            "ReLU and dropout",
            spec([
                .convolution(filters: 4, kernel: 3, stride: 1), .relu, .dropout(rate: 0.3), .dense(units: 5), .relu,
                .dense(units: 3),
            ])
        ),
    ]

    static func spec(_ layers: [NetworkSpec.Layer]) -> NetworkSpec {
        NetworkSpec(samples: 11, channels: 2, layers: layers)
    }

    /// Loss: a fixed random combination of the logits, so that its gradient by them is known.
    private func loss(_ pass: NetworkPass, _ weights: NetworkWeights, _ mix: [Float], _ count: Int) -> Double {
        pass.load(weights)
        pass.forward(count: count, training: true, seed: 5)
        return (0..<mix.count).reduce(0) { $0 + Double(mix[$1]) * Double(pass.logits.window(0)[$1]) }
    }

    @Test("Backward passes agree with finite differences", arguments: networks.map(\.0))
    func finiteDifferences(name: String) throws {
        let spec = try #require(Self.networks.first { $0.0 == name }).1
        let count = 3
        let pass = NetworkPass(spec: spec, capacity: count + 1, training: true)
        var weights = NetworkWeights(spec: spec, seed: 3)
        var random = RandomSource(seed: 17)
        for index in weights.values.indices { weights.values[index] += 0.3 * random.normal() }
        for window in 0..<count {
            for index in 0..<spec.samples * spec.channels { pass.input.window(window)[index] = random.normal() }
        }
        let mix = (0..<count * spec.outputs).map { _ in random.normal() }

        let centre = loss(pass, weights, mix, count)
        let gradient = try #require(pass.logitGradient)
        for index in mix.indices { gradient.window(0)[index] = mix[index] }
        pass.clearGradients()
        pass.backward(count: count)
        let analytic = pass.gradients.array

        let step: Float = 2e-3
        var checked = 0
        var kinks = 0
        for entry in weights.layout.values {
            // Batch norm takes the bias before it away: no gradient is kept.
            if entry.role == .bias, entry.layer + 1 < spec.layers.count, spec.layers[entry.layer + 1] == .batchNorm {
                continue
            }
            for index in entry.range {
                let value = weights.values[index]
                weights.values[index] = value + step
                let up = loss(pass, weights, mix, count)
                weights.values[index] = value - step
                let down = loss(pass, weights, mix, count)
                weights.values[index] = value
                let numeric = (up - down) / Double(2 * step)
                // Where the slopes of the two sides differ, the step crosses a kink of ReLU or maximum.
                if abs(up + down - 2 * centre) > 0.02 * Double(step) * max(1, abs(numeric)) {
                    kinks += 1
                    continue
                }
                checked += 1
                // Rounding of float32 sums of size ~10 over a step of 2e-3.
                #expect(
                    abs(numeric - Double(analytic[index])) < 1e-2 * max(1, abs(numeric)),
                    "\(entry.name)[\(index - entry.offset)]: \(numeric) against \(analytic[index])")
            }
        }
        #expect(checked > 9 * kinks, "\(kinks) of \(checked + kinks) at kinks")
    }

    @Test("Gradients of the losses agree with finite differences")
    func losses() {
        let logits: [Float] = [0.3, -1.2, 2.1, 0.4]
        let teacher: [Float] = [1.3, -0.2, 1.1, -2.4]
        let losses: [(inout [Float], [Float]) -> Float] = [
            { Losses.crossEntropy($1, classes: 4, label: 2, smoothing: 0.1, weight: 0.7, addingTo: &$0) },
            { Losses.softened(teacher: teacher, student: $1, classes: 4, temperature: 3, weight: 0.4, addingTo: &$0) },
        ]
        for loss in losses {
            var gradient = [Float](repeating: 0, count: 4)
            _ = loss(&gradient, logits)
            for index in 0..<4 {
                var moved = logits
                var ignored = gradient
                moved[index] += 1e-2
                let up = loss(&ignored, moved)
                moved[index] -= 2e-2
                let down = loss(&ignored, moved)
                #expect(abs((up - down) / 2e-2 - gradient[index]) < 1e-3)
            }
        }
    }

    @Test("A student that agrees with its teacher has no softened loss")
    func agreement() {
        let logits: [Float] = [0.3, -1.2, 2.1]
        var gradient: [Float] = [0, 0, 0]
        let loss = Losses.softened(
            teacher: logits, student: logits, classes: 3, temperature: 4, addingTo: &gradient)
        #expect(abs(loss) < 1e-6)
        #expect(gradient.allSatisfy { abs($0) < 1e-6 })
    }
}
