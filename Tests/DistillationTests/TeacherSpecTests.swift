import ModelArtifact
import NeuralNetwork
import Testing

@testable import Distillation

@Suite("Teachers")
struct TeacherSpecTests {
    private static let makers: [@Sendable (TaskDocument) -> NetworkSpec] = [
        { .residualTeacher(for: $0) }, { .recurrentTeacher(for: $0) }, { .spectrogramTeacher(for: $0) },
    ]

    private static func task(window: Int, channels: Int) -> TaskDocument {
        TaskDocument(
            name: "any", channels: (0..<channels).map { .init(name: "c\($0)", unit: "") }, rate: 100, window: window,
            step: window, classes: ["a", "b", "c"].map { .init(name: $0) })
    }

    @Test(
        "Every teacher fits windows of any length", arguments: 0..<makers.count,
        [(2, 1), (7, 3), (100, 6), (200, 3), (4096, 2)])
    func fits(maker: Int, size: (window: Int, channels: Int)) throws {
        let spec = Self.makers[maker](Self.task(window: size.window, channels: size.channels))
        try spec.validate()
        #expect(spec.samples == size.window && spec.channels == size.channels && spec.outputs == 3)
        #expect((90_000...250_000).contains(spec.parameterCount))
    }

    @Test("Outputs may be more than classes, and a single sample gets the plain teacher")
    func outputs() {
        let task = Self.task(window: 64, channels: 2)
        #expect(NetworkSpec.residualTeacher(for: task, outputs: 9).outputs == 9)
        #expect(NetworkSpec.recurrentTeacher(for: task, outputs: 9).outputs == 9)
        #expect(NetworkSpec.spectrogramTeacher(for: task, outputs: 9).outputs == 9)
        let row = Self.task(window: 1, channels: 4)
        for maker in Self.makers { #expect(maker(row) == .teacher(for: row)) }
    }

    @Test("Every teacher learns a synthetic problem", arguments: 0..<makers.count)
    func learns(maker: Int) throws {
        let windows = try SyntheticTask.windows(240, seed: 1)
        let unseen = try SyntheticTask.windows(120, seed: 2)
        let normaliser = Normaliser(of: windows)
        let pool = ComputePool(threads: 2)
        let weights = NetworkWeights(spec: Self.makers[maker](SyntheticTask.task()), seed: 1)
        let trainer = ShardedTrainer(
            weights, batch: 40, shards: 2, pool: pool,
            optimiser: AdamW(decay: weights.layout.decayShares, weightDecay: 0.01))
        for step in 0..<30 {
            let first = step * 40 % 240
            _ = trainer.step(count: 40, rate: 3e-3, seed: UInt64(step)) { _, range, pass in
                windows.values.withUnsafeBufferPointer { values in
                    guard let base = values.baseAddress else { return }
                    for (slot, index) in range.enumerated() {
                        normaliser.apply(
                            base + (first + index) * windows.windowSize, samples: windows.samples,
                            into: pass.input.window(slot))
                    }
                }
            } loss: { _, range, pass in
                guard let gradient = pass.logitGradient else { return 0 }
                return range.enumerated().reduce(0) { sum, item in
                    sum
                        + Losses.crossEntropy(
                            pass.logits.window(item.offset), classes: 3, label: windows.labels[first + item.element],
                            weight: 1 / 40, addingTo: gradient.window(item.offset))
                }
            }
        }
        let logits = NetworkEvaluator(trainer.weights, normaliser, pool: pool).logits(unseen)
        let right = (0..<unseen.count).count { window in
            let scores = logits[window * 3..<window * 3 + 3]
            return scores.indices.max { scores[$0] < scores[$1] } == window * 3 + unseen.labels[window]
        }
        #expect(Double(right) / Double(unseen.count) > 0.8)
    }
}
