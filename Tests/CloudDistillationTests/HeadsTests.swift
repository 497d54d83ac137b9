import Distillation
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import CloudDistillation

/// Tasks of several heads: labels that speak of some, windows that know some, a student of all.
@Suite("Several heads", .timeLimit(.minutes(1)))
struct HeadsTests {
    static let task: TaskDocument = {
        var task = TestTask.task("rig", kind: .multiHead)
        task.heads = [
            .init(name: "valve", classes: [.init(name: "shut"), .init(name: "open")]),
            .init(name: "pump", classes: [.init(name: "off"), .init(name: "weak"), .init(name: "on")]),
        ]
        return task
    }()

    private func coverage(_ timeline: LabelTimeline, _ from: Double, _ to: Double) -> LabelCoverage {
        timeline.coverage(from: TestTask.start + from, to: TestTask.start + to, task: Self.task)
    }

    @Test("Each head of a window is known by the labels that speak of it")
    func coverage() {
        var timeline = LabelTimeline()
        _ = timeline.apply(TestTask.label("a", 0, 60, .heads(["valve": "shut", "pump": "off"])))
        _ = timeline.apply(TestTask.label("b", 60, 120, .heads(["valve": "open"])))
        _ = timeline.apply(TestTask.label("c", 40, 120, .heads(["pump": "off"])))
        _ = timeline.apply(TestTask.label("d", 0, 120, .label("walking")))
        #expect(coverage(timeline, 0, 8) == .covered(.heads(["valve": "shut", "pump": "off"])))
        // The valve moves within the window; the pump does not.
        #expect(coverage(timeline, 56, 64) == .covered(.heads(["pump": "off"])))
        #expect(coverage(timeline, 72, 80) == .covered(.heads(["valve": "open", "pump": "off"])))
        #expect(coverage(timeline, 116, 124) == .mixed)
        #expect(coverage(timeline, 130, 138) == .unlabelled)
    }

    @Test("A label with a class that a head does not have is not used")
    func unknownClass() {
        #expect(WindowTarget.heads(["valve": "open", "elsewhere": "x"]).isUsable(for: Self.task))
        #expect(!WindowTarget.heads(["valve": "ajar"]).isUsable(for: Self.task))
        #expect(!WindowTarget.heads(["elsewhere": "x"]).isUsable(for: Self.task))
        #expect(!WindowTarget.heads(["valve": "open"]).isUsable(for: TestTask.task()))
    }

    @Test("Readiness names the head that lacks windows")
    func readiness() {
        func readiness(_ counts: [String: Int]) -> ModelReadiness {
            ModelReadiness(task: Self.task, classCounts: counts, sampleCount: 99, knownVersions: [])
        }
        let valve = ["valve=shut": 20, "valve=open": 20]
        #expect(readiness(valve).obstacle(base: nil, minimumPerClass: 8)?.contains("head pump") == true)
        let all = valve.merging(["pump=off": 20, "pump=weak": 3, "pump=on": 20]) { $1 }
        #expect(readiness(all).obstacle(base: nil, minimumPerClass: 8) == nil)
        #expect(!readiness(all).isReadyForAutomatic(windowsPerClass: 20))
        #expect(readiness(all.merging(["pump=weak": 20]) { $1 }).isReadyForAutomatic(windowsPerClass: 20))
    }

    @Test("Windows labelled by heads make a student of all heads, also after a restart; its teacher answers each")
    func student() async throws {
        var harness = try await DistillerHarness(settings: EngineTests.settings)
        let folder = harness.folder
        await harness.take(task: Self.task)
        for index in 0..<96 {
            let isMoving = index / 2 % 2 == 1
            await harness.take(
                window: TestTask.window(
                    Double(index) * 8, values: TestTask.values(isMoving ? "moving" : "still", index)), model: "rig")
            // Of every third window the pump alone is known.
            var heads = ["pump": isMoving ? "on" : "off"]
            if index % 3 != 0 { heads["valve"] = isMoving ? "open" : "shut" }
            await harness.take(
                label: TestTask.label("l\(index)", Double(index) * 8, Double(index + 1) * 8, .heads(heads)))
        }
        #expect(await harness.app.collection.summary("rig")?["classes"]?.object?["pump=on"]?.integer == 48)
        try await harness.app.database.close()

        harness = try await DistillerHarness(folder: folder, settings: EngineTests.settings)
        await harness.take(task: Self.task)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "rig"))
        let candidate = try #require(try harness.published(CandidateMessage.self, on: "model/rig/candidate/+").first)
        let student = try harness.student(of: candidate)
        #expect(student.task == Self.task && student.spec.outputs == 5)
        #expect((candidate.report["student"]?.object?["validationAccuracy"]?.number ?? 0) > 0.9)

        let teacher = try #require(harness.app.shelf["rig"])
        let answer = try teacher.model.answers(to: TestTask.values("moving", 7))
        #expect(abs(answer[0..<2].reduce(0, +) - 1) < 1e-4 && abs(answer[2..<5].reduce(0, +) - 1) < 1e-4)
        #expect(answer[1] > 0.5 && answer[4] > 0.5)
        try harness.remove()
    }

    @Test("A job goes on with the samples it kept")
    func keptSamples() throws {
        let samples = CollectedSamples(
            task: Self.task, values: [Float](repeating: 1, count: 48),
            targets: [.heads(["valve": "open"]), nil, .heads(["valve": "shut", "pump": "weak"])],
            devices: [TestTask.arm, TestTask.arm, TestTask.held])
        let read = try CollectedSamples(decoding: samples.encode())
        #expect(read.targets == samples.targets && read.devices == samples.devices && read.values == samples.values)
    }

    @Test("A verdict answers every head in the task's order, each with probabilities that sum to one")
    func verdict() throws {
        func check(_ heads: [VerdictMessage.Head]) throws(Rejection) -> WindowAnswer {
            try VerdictMessage(
                t: 1, window: WindowID(device: "arm-1", start: TestTask.start).description, from: TestTask.start,
                to: TestTask.start + 8, teacher: "elsewhere", content: .heads(heads)
            ).checked(device: TestTask.arm, task: Self.task).1
        }
        let valve = VerdictMessage.Head(head: "valve", label: "open", probabilities: [0.2, 0.8])
        let pump = VerdictMessage.Head(head: "pump", label: "off", probabilities: [0.5, 0.2, 0.3])
        let answer = try check([valve, pump])
        #expect(answer.values.count == 5 && answer.countedAs(Self.task) == ["valve=open", "pump=off"])
        #expect(throws: Rejection.self) { try check([pump, valve]) }
        #expect(throws: Rejection.self) { try check([valve]) }
        #expect(throws: Rejection.self) {
            try check([valve, .init(head: "pump", label: "off", probabilities: [0.5, 0.2, 0.9])])
        }
    }
}
