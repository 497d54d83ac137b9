import BusTesting
import ModelArtifact
import ModelRegistry
import Telemetry
import Testing

/// Tasks other than a single classification.
@Suite(.timeLimit(.minutes(1))) struct KindTests {
    static let heads: TaskDocument = {
        var task = TinyStudent.task()
        task.kind = .multiHead
        task.classes = []
        task.heads = [
            .init(name: "valve", classes: [.init(name: "shut"), .init(name: "open")]),
            .init(name: "pump", classes: [.init(name: "off"), .init(name: "weak"), .init(name: "on")]),
        ]
        return task
    }()

    static let value: TaskDocument = {
        var task = TinyStudent.task()
        task.kind = .regression
        task.classes = []
        task.target = .init(name: "co2", unit: "ppm")
        return task
    }()

    @Test("A student of several heads, and one that predicts a value, become versions", arguments: [heads, value])
    func accepted(_ task: TaskDocument) async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(task)
        var student = try TinyStudent.make(task: task)
        if task.kind == .regression { student.gate.standardDeviation = 18 }
        let result = try await harness.offer(RegistryHarness.candidate(student.encode()))
        #expect(result.state == .accepted && result.version == 1, "\(result.reason ?? "")")
        await harness.kill()
    }

    @Test("A student whose heads are others, or that predicts something else, is refused")
    func refused() async throws {
        let harness = try await RegistryHarness()
        try await harness.propose(Self.heads)
        var other = Self.heads
        other.heads[1].classes.removeLast()
        let result = try await harness.offer(RegistryHarness.candidate(TinyStudent.make(task: other).encode()))
        #expect(result.state == .refused && result.reason?.contains("another heads") == true, "\(result)")

        try await harness.propose(Self.value)
        var unit = Self.value
        unit.target?.unit = "percent"
        let second = try await harness.offer(RegistryHarness.candidate(TinyStudent.make(task: unit).encode()))
        #expect(second.state == .refused && second.reason?.contains("another target") == true, "\(second)")
        await harness.kill()
    }
}
