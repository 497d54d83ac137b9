import ModelArtifact
import Testing

@testable import NeuralNetwork

@Suite("Layers")
struct LayerTests {
    private func run(_ spec: NetworkSpec, _ input: [Float], training: Bool = false, windows: Int = 1) -> [Float] {
        let pass = NetworkPass(spec: spec, capacity: windows, training: training)
        pass.load(NetworkWeights(spec: spec, seed: 1))
        let size = spec.samples * spec.channels
        for window in 0..<windows {
            for index in 0..<size { pass.input.window(window)[index] = input[window * size + index] }
        }
        pass.forward(count: windows, training: training, seed: 3)
        return (0..<windows).flatMap { window in
            (0..<spec.outputs).map { pass.logits.window(window)[$0] }
        }
    }

    @Test("A spectrogram shows a tone in its bin, channel by channel, and white noise at power 1")
    func spectrogram() {
        let spec = NetworkSpec(samples: 64, channels: 2, layers: [.spectrogram(frame: 32, hop: 16)])
        // 4 turns in a frame in the first channel, 9 in the second.
        let tones = (0..<64).flatMap { sample in
            [4, 9].map { cosine(2 * .pi * Float($0 * sample % 32) / 32) }
        }
        let levels = run(spec, tones)
        for frame in 0..<3 {
            for (channel, bin) in [(0, 4), (1, 9)] {
                let spectrum = (0..<17).map { levels[(frame * 17 + $0) * 2 + channel] }
                #expect(spectrum.indices.max { spectrum[$0] < spectrum[$1] } == bin)
                // A tone of amplitude 1 has the power (Σ window / 2)² / Σ window² = 8² / 12 there.
                #expect(abs(spectrum[bin] - logarithm(64 / 12)) < 1e-3)
                #expect(spectrum[16] < -9)
            }
        }
        var random = RandomSource(seed: 5)
        let noise = (0..<200 * 128).map { _ in random.normal() }
        let powers = run(spec, noise, windows: 200).map { exponential($0) }
        #expect(abs(powers.reduce(0, +) / Float(powers.count) - 1) < 0.05)
    }

    @Test("A spec that is the same by another way computes the same")
    func equivalents() {
        var random = RandomSource(seed: 6)
        let input = (0..<24).map { _ in random.normal() }
        func outputs(_ layers: [NetworkSpec.Layer]) -> [Float] {
            run(NetworkSpec(samples: 12, channels: 2, layers: layers), input)
        }
        // The same random weights go to tensors of the same number of values.
        let plain = outputs([.convolution(filters: 3, kernel: 5, stride: 2)])
        let flat = outputs([.convolution2D(filters: 3, kernel: .init(5, 1), stride: .init(2, 1))])
        #expect(zip(plain, flat).allSatisfy { abs($0 - $1) < 1e-5 })
        let sequence = outputs([.gru(units: 3, sequence: true)])
        #expect(Array(sequence.suffix(3)) == outputs([.gru(units: 3, sequence: false)]))
        #expect(outputs([.maxPool(size: 4)]) == outputs([.maxPool2D(size: .init(4, 1))]))
        #expect(outputs([.maxPool(size: 12)]) == outputs([.globalMaxPool]))
        #expect(outputs([.residual([.dropout(rate: 0.5)])]) == input.map { 2 * $0 })
    }

    @Test("Dropouts of one network draw apart, inside of residual layers too")
    func dropout() {
        let ones = [Float](repeating: 1, count: 400)
        let spec = NetworkSpec(
            samples: 400, channels: 1, layers: [.dropout(rate: 0.5), .residual([.dropout(rate: 0.5)])])
        // 2 or 0 from the first; the second adds twice as much again to half of what is left.
        let counts = Dictionary(grouping: run(spec, ones, training: true), by: { $0 }).mapValues(\.count)
        #expect(Set(counts.keys) == [0, 2, 6])
        #expect((70...130).contains(counts[2] ?? 0) && (70...130).contains(counts[6] ?? 0))
    }

    @Test("First weights have the deviation that suits what follows, and repeat by seed")
    func initialisation() throws {
        func deviation(_ layers: [NetworkSpec.Layer]) throws -> Float {
            let weights = NetworkWeights(
                spec: NetworkSpec(samples: 20, channels: 16, layers: layers + [.dense(units: 2)]), seed: 2)
            let first = try #require(weights.tensors.first).values
            return (first.reduce(0) { $0 + $1 * $1 } / Float(first.count)).squareRoot()
        }
        let convolution = NetworkSpec.Layer.convolution(filters: 64, kernel: 5, stride: 1)
        #expect(abs(try deviation([convolution, .batchNorm, .relu]) - (2.0 / 80).squareRoot()) < 0.01)
        #expect(abs(try deviation([convolution, .dropout(rate: 0.1), .tanh]) - (2.0 / 144).squareRoot()) < 0.01)
        #expect(abs(try deviation([.gru(units: 32, sequence: true)]) - (2.0 / 48).squareRoot()) < 0.02)
        #expect(abs(try deviation([.depthwiseConvolution(kernel: 8, stride: 1), .relu]) - 0.5) < 0.1)
    }

    @Test("A recurrent layer's weights on its state are orthogonal gate by gate")
    func orthogonal() throws {
        let spec = NetworkSpec(samples: 4, channels: 2, layers: [.gru(units: 24, sequence: false)])
        let weights = NetworkWeights(spec: spec, seed: 2)
        #expect(weights == NetworkWeights(spec: spec, seed: 2))
        #expect(weights.values != NetworkWeights(spec: spec, seed: 3).values)
        let values = try #require(weights.tensors.first { $0.name == "layers.0.weight_hh" }).values
        for gate in 0..<3 {
            for a in 0..<24 {
                for b in 0...a {
                    let product = (0..<24).reduce(Float(0)) { sum, k in
                        sum + values[(gate * 24 + a) * 24 + k] * values[(gate * 24 + b) * 24 + k]
                    }
                    #expect(abs(product - (a == b ? 1 : 0)) < 1e-5)
                }
            }
        }
        #expect(values[..<576] != values[576..<1152])
    }

    @Test("Tensors inside of residual layers have stable names")
    func names() {
        let spec = NetworkSpec(
            samples: 8, channels: 2,
            layers: [
                .relu, .residual([.convolution(filters: 3, kernel: 3, stride: 2), .batchNorm]),
                .gru(units: 2, sequence: false),
            ])
        #expect(
            NetworkWeights(spec: spec, seed: 1).tensors.map(\.name) == [
                "layers.1.block.0.weight", "layers.1.block.0.bias", "layers.1.block.1.weight", "layers.1.block.1.bias",
                "layers.1.shortcut.weight", "layers.1.shortcut.bias", "layers.2.weight", "layers.2.bias",
                "layers.2.weight_hh", "layers.2.bias_hh", "layers.1.block.1.running_mean",
                "layers.1.block.1.running_var",
            ])
    }
}
