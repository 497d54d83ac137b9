import Distillation
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import CloudDistillation

/// The distiller with the real training engine, on a task that trains in well under a second.
@Suite("Distilling for real", .timeLimit(.minutes(1)))
struct EngineTests {
    static let settings = [
        "training.threads": "1", "training.batch": "16", "training.teacherEpochs": "6", "training.studentEpochs": "20",
        "training.quantisedEpochs": "5", "jobs.automatic": "false",
    ]

    @Test("Windows and labels in, a sound student out; the next version keeps its base's grid")
    func versions() async throws {
        let harness = try await DistillerHarness(settings: Self.settings)
        await harness.take(task: TestTask.task())
        await harness.fill(perClass: 48)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        let first = try #require(try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").first)
        let student = try harness.student(of: first)
        try student.validate()
        try student.validateLimits(fileBytes: first.size)
        #expect(student.task == TestTask.task() && student.base == nil)
        let accuracy = first.report["student"]?.object?["validationAccuracy"]?.number ?? 0
        #expect(accuracy > 0.9)
        #expect((first.report["teacher"]?.object?["validationAccuracy"]?.number ?? 0) > 0.9)
        #expect(first.report["teacher"]?.object?["parameters"]?.integer ?? 0 > 1000)

        let digest = try await harness.answer(.accepted, version: 1)
        try await harness.work(JobRequest(t: TestTask.start, id: "second", model: "shake", base: 1, seed: 2))
        let second = try #require(
            try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").last { $0.job == "second" })
        let next = try harness.student(of: second)
        #expect(second.base == digest && next.base == digest && second.digest != digest)
        #expect(next.spec == student.spec && next.inputScale == student.inputScale)
        for (mine, base) in zip(next.layers, student.layers) { #expect(mine.weightScale == base.weightScale) }
        #expect(second.report["student"]?.object?["warmStarted"] == .bool(true))
        let phases = await harness.phases()
        #expect(phases.contains(.teacher) && phases.contains(.student) && phases.contains(.quantising))
        try harness.remove()
    }

    @Test("Same windows, same seed: same student")
    func repeatable() async throws {
        var digests: [String] = []
        for _ in 0..<2 {
            let harness = try await DistillerHarness(settings: Self.settings)
            await harness.take(task: TestTask.task())
            await harness.fill(perClass: 24)
            try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake", seed: 7))
            digests += try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").map(\.digest)
            try harness.remove()
        }
        #expect(digests.count == 2 && Set(digests).count == 1)
    }

    @Test("A teacher read back from its file answers as before")
    func teacherFile() async throws {
        let harness = try await DistillerHarness(settings: Self.settings)
        await harness.take(task: TestTask.task())
        await harness.fill(perClass: 24)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        let kept = try #require(harness.app.shelf["shake"])
        try await harness.app.database.close()
        let again = try await DistillerHarness(folder: harness.folder, settings: Self.settings)
        let restored = try #require(again.app.shelf["shake"])
        #expect(restored.digest == kept.digest && restored.serves(TestTask.task()))
        let values = TestTask.values("moving", 5000) + TestTask.values("still", 5001)
        let answers = try restored.model.answers(to: values)
        #expect(try kept.model.answers(to: values) == answers)
        #expect(answers.count == 4 && answers[1] > 0.5 && answers[2] > 0.5)
        #expect(abs(answers[0] + answers[1] - 1) < 1e-5)
        try await again.app.database.close()
        try again.remove()
    }

    @Test("A damaged teacher's file is refused", arguments: [0, 1, 2, 3])
    func damaged(_ kind: Int) throws {
        let file = try Self.teacherFile()
        let bad: [UInt8]
        switch kind {
        case 0: bad = Array(file.dropLast(5))
        case 1: bad = Array("no safetensors".utf8)
        case 2: bad = []
        default:
            var content = try Safetensors(decoding: file)
            content.metadata["normalisation"] = #"{"mean":[0],"standardDeviation":[1]}"#
            bad = content.encode()
        }
        #expect(throws: (any Error).self) { _ = try EngineTeacher(decoding: bad) }
        _ = try EngineTeacher(decoding: file)
    }

    private static func teacherFile() throws -> [UInt8] {
        let samples = CollectedSamples(
            task: TestTask.task(),
            values: (0..<32).flatMap { TestTask.values($0 % 2 == 0 ? "still" : "moving", $0) },
            targets: (0..<32).map { .label($0 % 2 == 0 ? "still" : "moving") },
            devices: [DeviceID](repeating: TestTask.arm, count: 32))
        let engine = DistillationEngine(options: .init(threads: 1, batch: 16, teacherEpochs: 1))
        return try engine.trainTeacher(samples, seed: 1, checkpoints: .nowhere) { _ in true }.file
    }

    @Test("A training that is told to stop ends as a cancellation")
    func cancelled() throws {
        let samples = CollectedSamples(
            task: TestTask.task(),
            values: (0..<32).flatMap { TestTask.values($0 % 2 == 0 ? "still" : "moving", $0) },
            targets: (0..<32).map { .label($0 % 2 == 0 ? "still" : "moving") },
            devices: [DeviceID](repeating: TestTask.arm, count: 32))
        let engine = DistillationEngine(options: .init(threads: 1, batch: 16, teacherEpochs: 100_000))
        #expect(throws: CancellationError.self) {
            _ = try engine.trainTeacher(samples, seed: 1, checkpoints: .nowhere) { _ in false }
        }
    }

    @Test("A regression trains on values, and says what it lacks where all are the same")
    func regression() async throws {
        let harness = try await DistillerHarness(settings: Self.settings)
        await harness.take(task: TestTask.task(kind: .regression))
        for index in 0..<60 {
            let kind = index < 30 ? "still" : "moving"
            await harness.take(window: TestTask.window(Double(index) * 8, values: TestTask.values(kind, index)))
        }
        await harness.take(label: TestTask.label("low", 0, 240, .value(3.5)))
        try await harness.work(JobRequest(t: TestTask.start, id: "flat", model: "shake"))
        await harness.take(label: TestTask.label("high", 240, 480, .value(40)))
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        let candidate = try #require(try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").first)
        #expect((candidate.report["student"]?.object?["validationError"]?.number ?? 99) < 10)
        let flat = try #require(await harness.progress().last { $0.id == "flat" })
        #expect(flat.phase == .failed && flat.reason?.contains("two values") == true)
        try harness.remove()
    }
}
