import Distillation
import Foundation
import ModelArtifact
import Telemetry
import Testing

@testable import CloudDistillation

/// The distiller with the real training engine, stopped and started again on the same state.
@Suite("Jobs that go on", .timeLimit(.minutes(1)))
struct ResumeTests {
    /// The real engine; sets a flag in the midst of a phase.
    private struct StoppingEngine: TrainingEngine {
        let phase: JobProgress.Phase?
        let stop = StopFlag()
        let engine = DistillationEngine(
            options: .init(threads: 1, batch: 16, teacherEpochs: 6, studentEpochs: 12, quantisedEpochs: 5))

        private func stopping(_ report: @escaping TrainingReport) -> TrainingReport {
            { step in
                if step.phase == phase, step.fraction > 0.6 { stop.set() }
                return report(step)
            }
        }

        func trainTeacher(
            _ samples: CollectedSamples, seed: UInt64, checkpoints: Checkpoints, report: @escaping TrainingReport
        ) throws -> any TeacherModel {
            try engine.trainTeacher(samples, seed: seed, checkpoints: checkpoints, report: stopping(report))
        }

        func teacher(decoding file: [UInt8]) throws -> any TeacherModel { try engine.teacher(decoding: file) }

        func distill(
            _ samples: CollectedSamples, teacher: (any TeacherModel)?, base: WarmStart?, seed: UInt64,
            checkpoints: Checkpoints, report: @escaping TrainingReport
        ) throws -> DistilledStudent {
            try engine.distill(
                samples, teacher: teacher, base: base, seed: seed, checkpoints: checkpoints, report: stopping(report))
        }
    }

    private let request = JobRequest(t: TestTask.start, id: "job", model: "shake", retrainTeacher: true, seed: 5)

    private func harness(
        _ engine: StoppingEngine = StoppingEngine(phase: nil), folder: String = DistillerHarness.folder()
    ) async throws -> DistillerHarness {
        try await DistillerHarness(engine: engine, folder: folder, settings: ["jobs.automatic": "false"])
    }

    private func digest(_ harness: DistillerHarness) throws -> String? {
        try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").first?.digest
    }

    /// The student of a distiller that nothing disturbs.
    private func undisturbed() async throws -> String {
        let harness = try await harness()
        await harness.take(task: TestTask.task())
        await harness.fill(perClass: 24)
        try await harness.work(request)
        defer { try? harness.remove() }
        return try #require(try digest(harness))
    }

    /// A distiller whose process ended within a phase of the job, and windows that came since; as it starts again.
    private func interrupted(_ phase: JobProgress.Phase, _ damage: (String) throws -> Void = { _ in }) async throws
        -> DistillerHarness
    {
        let engine = StoppingEngine(phase: phase)
        let first = try await harness(engine)
        await first.take(task: TestTask.task())
        await first.fill(perClass: 24)
        await first.receive(request, on: .jobRequest)
        var starts = first.app.desk.starts.makeAsyncIterator()
        await first.app.desk.work(try #require(await starts.next()), stop: engine.stop)
        #expect(try engine.stop.isSet && digest(first) == nil)
        try await first.app.database.close()
        try damage(first.folder + "/jobs/job")
        let again = try await harness(folder: first.folder)
        await again.take(task: TestTask.task())
        return again
    }

    @Test(
        "A job stopped in any phase ends with the student that it would have made, whatever came in between",
        arguments: [JobProgress.Phase.teacher, .student, .quantising])
    func resumed(_ phase: JobProgress.Phase) async throws {
        let whole = try await undisturbed()
        let again = try await interrupted(phase)
        await again.fill(perClass: 64, devices: 8)
        try await again.workNext()
        #expect(try digest(again) == whole)
        let progress = await again.progress()
        let steps = progress.filter { $0.phase == phase }
        #expect(!steps.isEmpty && steps.allSatisfy { ($0.resumedFrom ?? 0) > 0 })
        #expect(progress.allSatisfy { $0.phase == phase || $0.resumedFrom == nil })
        #expect(try FileManager.default.contentsOfDirectory(atPath: again.folder + "/jobs").isEmpty)
        try again.remove()
    }

    @Test(
        "Checkpoints and samples that are damaged or cut off are passed over",
        arguments: ["teacher.checkpoint", "student.checkpoint", "samples.safetensors"])
    func damaged(_ file: String) async throws {
        let whole = try await undisturbed()
        let again = try await interrupted(.student) { folder in
            let url = URL(fileURLWithPath: folder).appendingPathComponent(file)
            var bytes = try Data(contentsOf: url)
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: url)
        }
        await again.app.desk.tick()
        try await again.workNext()
        // Nothing came in between, so the samples collected again are the same.
        #expect(try digest(again) == whole)
        try again.remove()
    }

    @Test("What a job left that ended with the process is removed at the next start")
    func leftovers() async throws {
        let first = try await harness()
        let folder = first.app.desk.worker.folders["old"]
        try folder.begin()
        let again = try await harness(folder: first.folder)
        #expect(!FileManager.default.fileExists(atPath: again.folder + "/jobs/old"))
        try again.remove()
    }
}

@Suite("A job's folder")
struct JobFolderTests {
    private let root = URL(fileURLWithPath: DistillerHarness.folder())
    private func folder() -> JobFolder { JobFolder(root) { _, _ in } }

    private func samples(_ kind: TaskDocument.Kind) -> CollectedSamples {
        let targets: [WindowTarget?] =
            kind == .regression ? [.value(2.5), nil, .value(-1)] : [.label("moving"), nil, .label("still")]
        return CollectedSamples(
            task: TestTask.task(kind: kind), values: (0..<3).flatMap { TestTask.values("moving", $0) },
            targets: targets,
            devices: [TestTask.arm, TestTask.held, TestTask.arm],
            answers: .init(
                values: kind == .regression ? [.nan, 3, 4] : [.nan, .nan, 0.25, 0.75, 1, 0],
                outputs: kind == .regression ? 1 : 2, teachers: ["a", "b"]))
    }

    @Test("Samples come back as they were", arguments: [TaskDocument.Kind.classification, .regression])
    func roundTrip(_ kind: TaskDocument.Kind) throws {
        let samples = samples(kind)
        folder().keep(samples)
        let read = try #require(folder().samples())
        #expect(read.task == samples.task && read.values == samples.values && read.targets == samples.targets)
        #expect(read.devices == samples.devices && read.answers?.teachers == ["a", "b"])
        #expect(read.answers?.values.map(\.bitPattern) == samples.answers?.values.map(\.bitPattern))
        #expect(read.answers?.count == 2)
        folder().remove()
        #expect(folder().samples() == nil)
    }

    @Test("Samples of another format, or that do not fit their task, are refused")
    func refused() throws {
        let bytes = samples(.classification).encode()
        var file = try Safetensors(decoding: bytes)
        file.metadata["retort.samples"] = "2"
        #expect(throws: ArtifactError.self) { _ = try CollectedSamples(decoding: file.encode()) }
        for tensor in ["targets", "values", "device", "answers"] {
            var file = try Safetensors(decoding: bytes)
            file.tensors.removeAll { $0.name == tensor }
            #expect(throws: ArtifactError.self) { _ = try CollectedSamples(decoding: file.encode()) }
            file.tensors.append(
                tensor == "device"
                    ? SafetensorsTensor(name: tensor, shape: [3], [0, 1, 9] as [Int32])
                    : SafetensorsTensor(name: tensor, shape: [3], [7, 7, 7] as [Float]))
            #expect(throws: ArtifactError.self) { _ = try CollectedSamples(decoding: file.encode()) }
        }
    }

    @Test("Deaths count until an epoch is done or the process ends in good order")
    func deaths() throws {
        for _ in 0..<JobFolder.deaths { try folder().begin() }
        #expect(throws: Rejection.self) { try folder().begin() }
        folder().checkpoints.save("teacher", [1, 2, 3])
        #expect(folder().checkpoints.load("teacher") == [1, 2, 3])
        try folder().begin()
        folder().forgive()
        for _ in 0..<JobFolder.deaths { try folder().begin() }
        folder().remove()
    }
}
