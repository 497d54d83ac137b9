import Inference
import ModelArtifact

/// A student made by hand: one dense layer over ten samples of two channels.
enum HandmadeStudent {
    static func bytes() throws -> [UInt8] {
        let task = TaskDocument(
            name: "level", channels: [.init(name: "a", unit: "V"), .init(name: "b", unit: "V")], rate: 10, window: 10,
            step: 5, classes: [.init(name: "low"), .init(name: "very-high")],
            student: .init(profile: "cortex-m4", parameters: 42, bytes: 16_384))
        let row = (0..<20).map { Int8($0 % 2 == 0 ? 1 : 0) }
        let student = Student(
            task: task, spec: NetworkSpec(samples: 10, channels: 2, layers: [.dense(units: 2)]),
            normalisation: .init(mean: [0, 0], standardDeviation: [1, 1]), inputScale: 0.05,
            layers: [
                .init(
                    weight: row.map { $0 * -10 } + row.map { $0 * 10 }, bias: [0, 0], weightScale: [0.1, 0.1],
                    outputScale: 0.001, inputScale: nil)
            ], gate: .init(temperature: 1, threshold: 0.7), golden: [], base: nil)
        return try InferenceEngine(student).student(withGolden: [[Float](repeating: 1, count: 20)]).encode()
    }
}
