import Inference
import ModelArtifact
import NeuralNetwork
import Testing

@testable import Compression

@Suite("Quantisation")
struct QuantisationTests {
    private let spec = NetworkSpec(
        samples: 21, channels: 3,
        layers: [
            .convolution(filters: 5, kernel: 5, stride: 2), .batchNorm, .relu, .maxPool(size: 2),
            .convolution(filters: 6, kernel: 3, stride: 2), .batchNorm, .relu, .dropout(rate: 0.4), .globalAveragePool,
            .dense(units: 4),
        ])

    private func trained() -> NetworkWeights {
        var weights = NetworkWeights(spec: spec, seed: 2)
        var random = RandomSource(seed: 3)
        for index in weights.values.indices { weights.values[index] += 0.1 * random.normal() }
        // A bias before batch norm is without effect.
        for entry in weights.layout.values where entry.role == .bias && (entry.layer == 0 || entry.layer == 4) {
            for index in entry.range { weights.values[index] = 0 }
        }
        for index in weights.statistics.indices { weights.statistics[index] = 0.5 + 0.3 * random.uniform() }
        return weights
    }

    private func inputs(_ count: Int, seed: UInt64 = 4) -> [Float] {
        var random = RandomSource(seed: seed)
        return (0..<count * 63).map { _ in random.normal() }
    }

    private func logits(_ weights: NetworkWeights, _ inputs: [Float], grids: [Int: ActivationGrid] = [:]) -> [Float] {
        let count = inputs.count / 63
        let pass = NetworkPass(spec: weights.spec, capacity: count, training: false, grids: grids)
        pass.load(weights)
        for window in 0..<count {
            for k in 0..<63 { pass.input.window(window)[k] = inputs[window * 63 + k] }
        }
        pass.forward(count: count, training: false)
        return (0..<count * 4).map { pass.logits.window(0)[$0] }
    }

    private func student(
        _ spec: NetworkSpec, _ layers: [Student.QuantisedLayer], inputScale: Float
    ) -> Student {
        let task = TaskDocument(
            name: "t", channels: ["a", "b", "c"].map { .init(name: $0, unit: "") }, rate: 1, window: 21, step: 21)
        return Student(
            task: task, spec: spec, normalisation: .init(mean: [0, 0, 0], standardDeviation: [1, 1, 1]),
            inputScale: inputScale, layers: layers, gate: .init(temperature: 1, threshold: 0), golden: [])
    }

    @Test("A folded network computes the same function")
    func folding() throws {
        let weights = trained()
        let folded = try weights.folded()
        #expect(!folded.spec.layers.contains(.batchNorm) && folded.spec.layers.count == spec.layers.count - 3)
        let x = inputs(20)
        for (a, b) in zip(logits(weights, x), logits(folded, x)) { #expect(abs(a - b) < 1e-4) }
    }

    /// Low-rank factors and a depthwise layer: activations with signs.
    private func signed() -> NetworkWeights {
        var weights = NetworkWeights(
            spec: NetworkSpec(
                samples: 21, channels: 3,
                layers: [
                    .convolution(filters: 5, kernel: 5, stride: 2, dilation: 2),
                    .convolution(filters: 8, kernel: 1, stride: 1), .relu, .depthwiseConvolution(kernel: 3, stride: 2),
                    .averagePool(size: 2), .convolution(filters: 6, kernel: 1, stride: 1), .relu, .globalMaxPool,
                    .dense(units: 3), .dense(units: 4),
                ]), seed: 7)
        var random = RandomSource(seed: 3)
        for index in weights.values.indices { weights.values[index] += 0.1 * random.normal() }
        return weights
    }

    @Test(
        "Integer logits follow the rounded float network within its rounding, and the float network closely",
        arguments: [false, true])
    func integers(isSigned: Bool) throws {
        let folded = isSigned ? signed() : try trained().folded()
        let x = inputs(200)
        let grid = try Calibration.grid(folded, inputs: x)
        let quantiser = try Quantiser(spec: folded.spec, grid: grid)
        let layers = try quantiser.layers(folded)
        let student = student(folded.spec, layers, inputScale: grid.inputScale)
        var rounded = folded
        folded.values.withUnsafeBufferPointer { from in
            rounded.values.withUnsafeMutableBufferPointer { to in
                if let from = from.baseAddress, let to = to.baseAddress { quantiser.project(from, to) }
            }
        }
        let onGrid = x.map { InputGrid.steps($0, inverse: 1 / grid.inputScale) * grid.inputScale }
        let simulated = logits(rounded, onGrid, grids: grid.activationGrids(quantiser.plan))
        let exact = logits(folded, x)
        let scale = try #require(layers.last).outputScale
        var worst: Float = 0
        var difference: Float = 0
        var spread: Float = 0
        for window in 0..<200 {
            let input = InputQuantisation(student)(Array(x[window * 63..<(window + 1) * 63]))
            let result = ReferenceInference.logits(student, quantised: input)
            for k in 0..<4 {
                worst = max(worst, abs(Float(result[k]) * scale - simulated[window * 4 + k]))
                difference += abs(Float(result[k]) * scale - exact[window * 4 + k])
                spread += abs(exact[window * 4 + k])
            }
        }
        // A different rounding of a half moves an activation by one step.
        #expect(worst < 4 * (grid.layers[1].outputScale + grid.layers[0].outputScale))
        #expect(difference < (isSigned ? 0.08 : 0.05) * spread)
    }

    @Test("Weights of a student go back to the same integers on its grid")
    func roundTrip() throws {
        let folded = try trained().folded()
        let grid = try Calibration.grid(folded, inputs: inputs(50))
        let quantiser = try Quantiser(spec: folded.spec, grid: grid)
        let layers = try quantiser.layers(folded)
        let student = student(folded.spec, layers, inputScale: grid.inputScale)
        #expect(Int8Grid(of: student) == grid)
        #expect(try quantiser.layers(Quantiser.weights(of: student)) == layers)
    }

    @Test("Networks that integer arithmetic is not specified for are refused")
    func unsupported() {
        let dense = NetworkSpec.Layer.dense(units: 2)
        let convolution = NetworkSpec.Layer.convolution(filters: 2, kernel: 3, stride: 1)
        for layers in [
            [], [convolution], [.relu, dense], [convolution, .maxPool(size: 2), .relu, dense],
            [convolution, .relu, .relu, dense], [convolution, .batchNorm, .relu, dense], [dense, .relu],
        ] {
            #expect(throws: CompressionError.self) {
                try QuantisationPlan(NetworkSpec(samples: 8, channels: 1, layers: layers))
            }
        }
    }

    @Test(
        "A layer that does not run on integers is refused by name",
        arguments: [
            .gru(units: 2, sequence: true), .residual([.relu]), .gelu, .spectrogram(frame: 4, hop: 2),
        ] as [NetworkSpec.Layer])
    func refusedByName(layer: NetworkSpec.Layer) {
        let first = NetworkSpec.Layer.convolution(filters: 2, kernel: 3, stride: 1)
        let spec = NetworkSpec(samples: 8, channels: 1, layers: [first, .relu, layer, .relu, .dense(units: 2)])
        let error = #expect(throws: CompressionError.self) { try QuantisationPlan(spec) }
        #expect(error?.message.hasPrefix("layer 2: ") == true, "\(error?.message ?? "")")
    }

    @Test("Clipping a few large values pays when most are small")
    func clipping() {
        var values = (0..<1000).map { Float($0 % 100) / 100 }
        values.append(3)
        // A fifteenth of the largest would be 0.2.
        #expect(CalibrationMethod.meanSquare.scale(of: values, steps: 15) < 0.18)
        #expect(CalibrationMethod.meanSquare.scale(of: [0, 0], steps: 127) > 0)
    }
}
