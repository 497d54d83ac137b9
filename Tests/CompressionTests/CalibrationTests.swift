import ModelArtifact
import NeuralNetwork
import Testing

@testable import Compression

@Suite("Calibration")
struct CalibrationTests {
    @Test("Steps by the largest value, by a percentile, and by the least squared error")
    func methods() {
        // A thousand values up to 1, and one far out.
        let values = (1...1000).map { Float($0) / 1000 } + [-10]
        #expect(CalibrationMethod.minMax.scale(of: values, steps: 100) == 0.1)
        #expect(abs(CalibrationMethod.percentile(99).scale(of: values, steps: 100) - 0.0099) < 1e-4)
        #expect(CalibrationMethod.percentile(100).scale(of: values, steps: 100) == 0.1)
        func error(_ scale: Float) -> Float {
            values.reduce(0) { sum, value in
                let rounded = min(100, max(-100, (value / scale).rounded(.toNearestOrEven))) * scale
                return sum + (value - rounded) * (value - rounded)
            }
        }
        let scale = CalibrationMethod.meanSquare.scale(of: values, steps: 100)
        #expect(error(scale) <= error(0.1))
        #expect(CalibrationMethod.meanSquare.scale(of: [0, 0], steps: 127) == 1 / Float(127))
    }

    private func inputs(_ spec: NetworkSpec, scale: Float = 1) -> [Float] {
        var random = RandomSource(seed: 2)
        return (0..<64 * spec.samples * spec.channels).map { _ in scale * random.normal() }
    }

    @Test("A grid in use is kept while its tensors stay on it")
    func kept() throws {
        let weights = PruningTests.weights(PruningTests.specs[1])
        let grid = try Calibration.grid(weights, inputs: inputs(weights.spec))
        let again = try Calibration.keeping(grid, weights, inputs: inputs(weights.spec, scale: 1.05))
        #expect(again.grid == grid && again.renewed.isEmpty)
    }

    @Test("A tensor that leaves the grid gets new steps, and the others keep theirs")
    func left() throws {
        let spec = PruningTests.specs[0]
        var weights = PruningTests.weights(spec)
        let grid = try Calibration.grid(weights, inputs: inputs(spec))
        for index in weights.layout.values.first(where: { $0.layer == 7 && $0.role == .weight })?.range ?? 0..<0 {
            weights.values[index] *= 3
        }
        let renewed = try Calibration.keeping(grid, weights, inputs: inputs(spec))
        #expect(renewed.renewed == [7])
        #expect(renewed.grid.layers[0] == grid.layers[0] && renewed.grid.inputScale == grid.inputScale)
        #expect(renewed.grid.layers[3].weightScale != grid.layers[3].weightScale)
        let last = renewed.grid.layers.count - 1
        #expect(
            renewed.grid.layers[last].outputScale
                == renewed.grid.layers[last - 1].outputScale * renewed.grid.layers[last].weightScale[0])
        // Inputs ten times as large leave the input's grid and every activation's.
        let wide = try Calibration.keeping(grid, PruningTests.weights(spec), inputs: inputs(spec, scale: 10))
        #expect(wide.grid.inputScale > 5 * grid.inputScale && wide.renewed.contains(0))
        #expect(wide.grid.layers[0].weightScale == grid.layers[0].weightScale)
    }
}
