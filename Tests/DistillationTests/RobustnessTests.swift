import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Windows get worse in known ways")
struct RobustnessTests {
    private let robustness = Robustness(
        axes: [[0, 1, 2]],
        normalisation: .init(mean: [1, 2, 3, 4], standardDeviation: [1, 1, 1, 10]), seed: 3)

    private func windows() throws -> LabelledWindows {
        var random = RandomSource(seed: 1)
        return try LabelledWindows(
            samples: 50, channels: 4, values: (0..<40 * 200).map { _ in random.normal() },
            labels: (0..<40).map { $0 % 2 }, groups: [Int](repeating: 0, count: 40))
    }

    @Test("Conditions follow axes and channels")
    func conditions() {
        #expect(robustness.conditions.count == 1 + 4 + 4 + 4 && robustness.conditions.first == .clean)
        let plain = Robustness(
            axes: [], normalisation: .init(mean: [0], standardDeviation: [1]), seed: 1)
        #expect(plain.conditions == [.clean, .noise(0.1), .noise(0.2), .noise(0.5), .noise(1)])
    }

    @Test("Noise has the strength of each channel, and a seed names it")
    func noise() throws {
        let before = try windows()
        let after = try robustness.degraded(before, .noise(0.5))
        let differences = zip(after.values, before.values).map { $0 - $1 }
        for (channel, deviation) in [(0, 0.5), (3, 5.0)] as [(Int, Float)] {
            let own = stride(from: channel, to: differences.count, by: 4).map { differences[$0] }
            let square = own.reduce(0) { $0 + $1 * $1 } / Float(own.count)
            #expect(abs(square.squareRoot() / deviation - 1) < 0.05)
        }
        #expect(try robustness.degraded(before, .noise(0.5)) == after)
        #expect(try robustness.degraded(before, .clean) == before)
    }

    @Test("A rotation keeps lengths, leaves other channels alone and turns by its angle at most")
    func rotation() throws {
        let before = try windows()
        let after = try robustness.degraded(before, .rotation(30))
        var largest: Float = 0
        for row in stride(from: 0, to: before.values.count, by: 4) {
            let (a, b) = (before.values[row..<row + 3], after.values[row..<row + 3])
            let length = a.reduce(0) { $0 + $1 * $1 }
            #expect(abs(b.reduce(0) { $0 + $1 * $1 } - length) < 1e-3 * max(1, length))
            #expect(after.values[row + 3] == before.values[row + 3])
            let cosine = zip(a, b).reduce(Float(0)) { $0 + $1.0 * $1.1 } / max(length, 1e-6)
            if length > 0.1 { largest = max(largest, 1 - cosine) }
        }
        // 1 − cos 30° for a vector at right angles to its axis.
        #expect(largest > 0.12 && largest < 0.135)
    }

    @Test("A lost channel says its mean, and scores come in the order of conditions")
    func lost() throws {
        let after = try robustness.degraded(windows(), .lostChannel(2))
        #expect(stride(from: 2, to: after.values.count, by: 4).allSatisfy { after.values[$0] == 3 })
        let before = try windows()
        let rows = try robustness.rows(before) { logits, _ in
            Double(logits[0])
        } logits: {
            [$0.values[2]]
        }
        #expect(rows.map(\.condition) == robustness.conditions)
        #expect(rows[rows.count - 2].score == 3 && rows[0].score == Double(before.values[2]))
    }
}
