import Inference
import ModelArtifact

/// A task and a student made by hand: is channel `a` of ten samples high or low?
enum TinyStudent {
    static func task(
        name: String = "level", evaluation: [String] = ["*/test-*"], classes: [String] = ["low", "high"]
    ) -> TaskDocument {
        TaskDocument(
            name: name, channels: [.init(name: "a", unit: "V"), .init(name: "b", unit: "V")], rate: 10, window: 10,
            step: 5, classes: classes.map { .init(name: $0, superclass: "any") }, devices: ["*/*"],
            evaluationDevices: evaluation, student: .init(profile: "x86-gateway", parameters: 100, bytes: 16_384))
    }

    /// `a` near 1 is surely high, near −1 surely low, near 0 uncertain.
    static func student(task: TaskDocument = task(), weight: Int8 = 10, base: String? = nil) throws -> Student {
        let row = (0..<20).map { Int8($0 % 2 == 0 ? 1 : 0) }
        let student = Student(
            task: task, spec: NetworkSpec(samples: 10, channels: 2, layers: [.dense(units: 2)]),
            normalisation: .init(mean: [0, 0], standardDeviation: [1, 1]), inputScale: 0.05,
            layers: [
                .init(
                    weight: row.map { $0 * -weight } + row.map { $0 * weight }, bias: [0, 0],
                    weightScale: [0.1, 0.1], outputScale: 0.001, inputScale: nil)
            ], gate: .init(temperature: 1, threshold: 0.7), golden: [], base: base)
        return try InferenceEngine(student).student(
            withGolden: [[Float](repeating: 1, count: 20), [Float](repeating: -0.3, count: 20)])
    }
}
