import Inference
import ModelArtifact
import Telemetry
import Testing

@testable import EdgeInference

/// Students other than a single classification.
@Suite("An edge with other kinds of students", .serialized) struct KindTests {
    private static func student(_ task: TaskDocument, weights: [Int8], deviation: Float? = nil) throws -> Student {
        let outputs = task.outputs
        let student = Student(
            task: task, spec: NetworkSpec(samples: 10, channels: 2, layers: [.dense(units: outputs)]),
            normalisation: .init(mean: [0, 0], standardDeviation: [1, 1]), inputScale: 0.05,
            layers: [
                .init(
                    weight: weights.flatMap { weight in (0..<20).map { $0 % 2 == 0 ? weight : 0 } },
                    bias: [Int32](repeating: 0, count: outputs),
                    weightScale: [Float](repeating: 0.1, count: outputs), outputScale: 0.005, inputScale: nil)
            ], gate: .init(temperature: 1, threshold: 0, standardDeviation: deviation), golden: [])
        return try InferenceEngine(student).student(withGolden: [[Float](repeating: 1, count: 20)])
    }

    @Test("Each head of a student says its class; the state changes with any of them")
    func heads() async throws {
        var task = TinyStudent.task()
        task.student.parameters = 200
        task.kind = .multiHead
        task.classes = []
        task.heads = [
            .init(name: "valve", classes: [.init(name: "shut"), .init(name: "open", superclass: "any")]),
            .init(name: "pump", classes: [.init(name: "off"), .init(name: "weak"), .init(name: "on")]),
        ]
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge, task)
            try await fixture.install(try Self.student(task, weights: [-10, 10, 10, 0, -10]), version: 1)
            try await fixture.telemetry("rig", second: 10, level: 1, count: 3)
            func states() throws -> [StateMessage] { try fixture.published(StateMessage.self, "state/#") }
            try await fixture.wait("inferences and a state") { try fixture.inferences.count >= 5 && !states().isEmpty }
            guard case .heads(let heads) = try #require(try fixture.inferences.first).decision else {
                Issue.record("no heads")
                return
            }
            #expect(heads.map(\.head) == ["valve", "pump"] && heads.map(\.label) == ["open", "off"])
            #expect(heads[0].superclass == "any" && heads.allSatisfy { $0.confidence > 0.9 && $0.confidence <= 1 })
            // Five windows, all of one mind: one state.
            #expect(try states().map(\.heads) == [heads])
            try await fixture.telemetry("rig", second: 13, level: -1, count: 2)
            try await fixture.wait("the other state") { try states().last?.heads?.map(\.label) == ["shut", "on"] }
        }
    }

    @Test("A student of a value says it with its unit and the deviation of its errors")
    func value() async throws {
        var task = TinyStudent.task()
        task.kind = .regression
        task.classes = []
        task.target = .init(name: "co2", unit: "ppm")
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge, task)
            try await fixture.install(try Self.student(task, weights: [100], deviation: 18.5), version: 3)
            try await fixture.telemetry("room", second: 10, level: 1, count: 2)
            try await fixture.wait("an inference and a state") {
                try !fixture.inferences.isEmpty && !fixture.published(StateMessage.self, "state/#").isEmpty
            }
            let inference = try #require(try fixture.inferences.first)
            // Ten codes of 20 times a weight of 100, at a step of 0.005.
            guard case .value(let value, let unit, let deviation) = inference.decision else {
                Issue.record("no value")
                return
            }
            #expect(abs(value - 100) < 1e-4 && unit == "ppm" && deviation == 18.5)
            let state = try #require(try fixture.published(StateMessage.self, "state/#").first)
            #expect(state.value == value && state.unit == "ppm")
        }
    }
}
