import ModelArtifact
import NeuralNetwork

@testable import Distillation

/// A small problem: sines of two frequencies, and one in the middle, with noise; people differ in amplitude.
enum SyntheticTask {
    static func task(window: Int = 32, parameters: Int = 900) -> TaskDocument {
        TaskDocument(
            name: "waves", channels: [.init(name: "a", unit: ""), .init(name: "b", unit: "")], rate: 20,
            window: window, step: window / 2, classes: ["slow", "middle", "fast"].map { .init(name: $0) },
            student: .init(profile: "x86-gateway", parameters: parameters, bytes: 16_384))
    }

    static func windows(_ count: Int, window: Int = 32, people: Int = 6, seed: UInt64) throws -> LabelledWindows {
        var random = RandomSource(seed: seed)
        var values: [Float] = []
        var labels: [Int] = []
        var groups: [Int] = []
        for index in 0..<count {
            let label = index % 3
            let person = index / 3 % people
            var phase = 6.28 * random.uniform()
            let amplitude = 1 + 0.1 * Float(person)
            for _ in 0..<window {
                phase += [0.3, 0.6, 1.0][label]
                let triangle = abs((phase / 6.283).truncatingRemainder(dividingBy: 1) * 4 - 2) - 1
                values.append(5 + amplitude * triangle + 0.4 * random.normal())
                values.append(-2 * amplitude * triangle + 0.8 * random.normal())
            }
            labels.append(label)
            groups.append(person)
        }
        return try LabelledWindows(samples: window, channels: 2, values: values, labels: labels, groups: groups)
    }

    static func options(_ seed: UInt64 = 1) -> DistillationOptions {
        DistillationOptions(
            seed: seed, threads: 2, batch: 32, teacherEpochs: 6, studentEpochs: 12, quantisedEpochs: 4, copies: 3)
    }
}
