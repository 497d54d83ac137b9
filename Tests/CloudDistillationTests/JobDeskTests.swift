import BusAPI
import BusTesting
import Foundation
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing
import Zstd

@testable import CloudDistillation

@Suite("Jobs and candidates")
struct JobDeskTests {
    private let engine = HandmadeEngine()
    private let harness: DistillerHarness
    private var desk: JobDesk { harness.app.desk }

    init() async throws {
        harness = try await DistillerHarness(engine: engine)
        await harness.take(task: TestTask.task())
    }

    @Test("A job trains, and its student is offered with every byte that it needs")
    func candidate() async throws {
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        let candidates = try harness.published(CandidateMessage.self, on: "model/shake/candidate/+")
        let candidate = try #require(candidates.first)
        let student = try harness.student(of: candidate)
        #expect(student == HandmadeEngine.student(TestTask.task(), weight: 1))
        #expect(candidate.size == student.encode().count && candidate.job == "first" && candidate.base == nil)
        #expect(candidate.distiller == "cloud-1")
        #expect(candidate.report["windows"] == .integer(80) && candidate.report["groups"] == .integer(4))
        #expect(candidate.report["seconds"]?.object?.keys == ["teacher", "student"])
        let topic = harness.context.topics.string(.candidate(model: "shake", digest: candidate.digest))
        #expect(harness.broker.retained[topic] != nil)
        let phases = await harness.phases()
        #expect(phases == [.accepted, .preparing, .teacher, .student, .offering])
        try harness.remove()
    }

    @Test("A candidate is repeated until it is answered, then taken back")
    func repeated() async throws {
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        func count() throws -> Int {
            try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").count
        }
        await desk.tick()
        #expect(try count() == 1)
        harness.clock.advance(by: 3)
        await desk.tick()
        #expect(try count() == 2)
        #expect(harness.broker.published(matching: "retort/v1/chunk/#").count == 2)
        let digest = try await harness.answer(.accepted, version: 1)
        harness.clock.advance(by: 60)
        await desk.tick()
        #expect(try count() == 2)
        #expect(
            harness.broker.retained[harness.context.topics.string(.candidate(model: "shake", digest: digest))] == nil)
        #expect(await harness.phases().last == .done)
        try harness.remove()
    }

    @Test("A candidate that the broker did not take is offered when the broker is back")
    func brokerAway() async throws {
        await harness.fill(perClass: 40)
        let request = JobRequest(t: TestTask.start, id: "first", model: "shake")
        await harness.receive(request, on: .jobRequest)
        harness.broker.stop()
        try await harness.workNext()
        #expect(try harness.published(CandidateMessage.self, on: "model/#").isEmpty)
        harness.broker.start()
        await desk.tick()
        #expect(try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").count == 1)
        try harness.remove()
    }

    @Test("A second job starts from the version it names, with the same teacher")
    func warmStart() async throws {
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        let first = try await harness.answer(.accepted, version: 1)
        try await harness.work(JobRequest(t: TestTask.start, id: "second", model: "shake", base: 1))
        let candidate = try #require(
            try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").last { $0.job == "second" })
        #expect(candidate.base == first)
        #expect(try harness.student(of: candidate).base == first)
        #expect(engine.log.teachers == 1 && engine.log.students == 2)
        #expect(engine.log.bases == [nil, HandmadeEngine.student(TestTask.task(), weight: 1)])
        try await harness.work(
            JobRequest(t: TestTask.start, id: "third", model: "shake", retrainTeacher: true))
        #expect(engine.log.teachers == 2)
        try harness.remove()
    }

    @Test("After a restart the teacher serves on, and an unanswered candidate is offered again")
    func restart() async throws {
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        try await harness.app.database.close()
        let again = try await DistillerHarness(engine: engine, folder: harness.folder)
        #expect(again.app.shelf["shake"]?.digest == harness.app.shelf["shake"]?.digest)
        await again.app.desk.tick()
        let candidate = try #require(
            try again.published(CandidateMessage.self, on: "model/shake/candidate/+").first)
        #expect(try again.student(of: candidate) == HandmadeEngine.student(TestTask.task(), weight: 1))
        _ = try await again.answer(.accepted, version: 1)
        await again.take(task: TestTask.task())
        try await again.work(JobRequest(t: TestTask.start, id: "second", model: "shake", base: 1))
        #expect(engine.log.teachers == 1 && engine.log.students == 2)
        // The first job's repeated request is told that it is done.
        await again.receive(JobRequest(t: TestTask.start, id: "first", model: "shake"), on: .jobRequest)
        #expect(await again.phases().last == .done)
        try await again.app.database.close()
        try again.remove()
    }

    @Test("A job that a restart cut short goes on with the windows it began with, and the one behind it follows")
    func cutShort() async throws {
        await harness.fill(perClass: 160)
        await desk.tick()
        await harness.receive(JobRequest(t: TestTask.start, id: "asked", model: "shake"), on: .jobRequest)
        try await stopNext(harness)
        try await harness.app.database.close()

        let again = try await DistillerHarness(engine: engine, folder: harness.folder)
        // Without its task yet: the samples hold it.
        try await again.workNext()
        #expect(engine.log.samples == [320, 320] && engine.log.students == 1)
        await again.take(task: TestTask.task())
        await again.app.desk.tick()
        try await again.workNext()
        let progress = await again.progress()
        #expect(progress.allSatisfy { $0.phase != .failed })
        #expect(progress.filter { $0.phase == .offering }.map(\.id) == ["auto-shake-1", "asked"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: harness.folder + "/jobs").isEmpty)
        try await again.app.database.close()
        try again.remove()
    }

    /// Starts the job that is next, and stops the process in its teacher's training.
    private func stopNext(_ harness: DistillerHarness) async throws {
        let stop = StopFlag()
        engine.stopAtTeacher(stop)
        var starts = harness.app.desk.starts.makeAsyncIterator()
        await harness.app.desk.work(try #require(await starts.next()), stop: stop)
        #expect(stop.isSet)
    }

    @Test("A job that kills the distiller again and again is given up with that reason")
    func deadly() async throws {
        await harness.fill(perClass: 40)
        await harness.receive(JobRequest(t: TestTask.start, id: "deadly", model: "shake"), on: .jobRequest)
        let folder = harness.app.desk.worker.folders["deadly"]
        for _ in 0..<JobFolder.deaths { try folder.begin() }
        try await harness.workNext()
        let last = try #require(await harness.progress().last)
        #expect(last.phase == .failed && last.reason?.contains("killed 3 times") == true)
        #expect(folder.samples() == nil && engine.log.teachers == 0)
        try harness.remove()
    }

    @Test("The registry's refusal fails the job with its reason, and the student is no base")
    func refused() async throws {
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        _ = try await harness.answer(.refused, reason: "its golden vectors do not hold")
        let last = try #require(await harness.progress().last)
        #expect(last.phase == .failed && last.reason?.contains("golden vectors") == true)
        try harness.remove()
    }

    @Test("A student over the task's limits is not offered")
    func overLimit() async throws {
        var task = TestTask.task()
        task.student.parameters = 10
        await harness.take(task: task)
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        #expect(try harness.published(CandidateMessage.self, on: "model/#").isEmpty)
        let last = try #require(await harness.progress().last)
        #expect(last.phase == .failed && last.reason?.contains("34 parameters") == true)
        try harness.remove()
    }

    @Test("A training that fails says why, and the next job runs")
    func trainingFails() async throws {
        let failing = try await DistillerHarness(engine: EmptyEngine())
        await failing.take(task: TestTask.task())
        await failing.fill(perClass: 40)
        try await failing.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        try await failing.work(JobRequest(t: TestTask.start, id: "second", model: "shake"))
        let failed = await failing.progress().filter { $0.phase == .failed }
        #expect(failed.map(\.id) == ["first", "second"])
        #expect(failed.allSatisfy { $0.reason == "the loss is not finite" })
        try failing.remove()
        try harness.remove()
    }

    @Test("A job without task, windows or base fails at once, with what to do")
    func obstacles() async throws {
        await harness.receive(JobRequest(t: TestTask.start, id: "a", model: "nothing"), on: .jobRequest)
        await harness.receive(JobRequest(t: TestTask.start, id: "b", model: "shake"), on: .jobRequest)
        await harness.fill(perClass: 40)
        await harness.receive(JobRequest(t: TestTask.start, id: "c", model: "shake", base: 3), on: .jobRequest)
        let progress = await harness.progress()
        #expect(progress.map(\.id) == ["a", "b", "c"] && progress.allSatisfy { $0.phase == .failed })
        #expect(progress[0].reason?.contains("no task") == true)
        #expect(progress[1].reason?.contains("still 0, moving 0") == true)
        #expect(progress[2].reason?.contains("version 3") == true)
        try harness.remove()
    }

    @Test("Only the live distiller with the lowest id takes unnamed requests")
    func lowest() async throws {
        await harness.fill(perClass: 40)
        let other = Topic.serviceAvailability(executable: "cloud-distiller", instance: "cloud-0")
        await desk.receive(BusMessage(topic: harness.context.topics.string(other), text: "online", retained: true))
        await harness.receive(JobRequest(t: TestTask.start, id: "a", model: "shake"), on: .jobRequest)
        await desk.receive(BusMessage(topic: harness.context.topics.string(other), text: "offline", retained: true))
        await harness.receive(JobRequest(t: TestTask.start, id: "b", model: "shake"), on: .jobRequest)
        #expect(Set(await harness.progress().map(\.id)) == ["b"])
        try harness.remove()
    }

    @Test(
        "A malformed request or result is refused and changes nothing",
        arguments: [
            ("job/request", "[]", "malformed"),
            ("job/request", #"{"t":1760000000,"id":"A job","model":"shake"}"#, "malformed"),
            ("job/request", #"{"t":1760000000,"id":"a","model":"shake","base":0}"#, "malformed"),
            ("job/request", "\u{1}", "malformed"),
            ("model/shake/candidate/\(String(repeating: "a", count: 64))/result", "{}", "malformed"),
            (
                "model/shake/candidate/\(String(repeating: "a", count: 64))/result",
                #"{"t":1760000000,"digest":"b","state":"accepted","version":1}"#, "digest"
            ),
        ])
    func bad(_ topic: String, _ payload: String, _ code: String) async throws {
        await harness.fill(perClass: 40)
        await desk.receive(BusMessage(topic: "retort/v1/" + topic, text: payload))
        #expect(try harness.rejects.map(\.code) == [code])
        #expect(await harness.progress().isEmpty)
        try harness.remove()
    }

    @Test("A retained candidate of ours that nobody waits for is cleared; another's is left")
    func stale() async throws {
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        var candidate = try #require(try harness.published(CandidateMessage.self, on: "model/shake/candidate/+").first)
        for (distiller, digit) in [("cloud-1", "a"), ("cloud-9", "b")] {
            candidate.distiller = distiller
            candidate.digest = String(repeating: digit, count: 64)
            let topic = harness.context.topics.string(.candidate(model: "shake", digest: candidate.digest))
            let message = BusMessage(topic: topic, payload: candidate.payload, retained: true)
            try await harness.context.bus.publish(message)
            await desk.receive(message)
        }
        let kept = harness.broker.retained.keys.filter { $0.contains("/candidate/") }.compactMap { $0.last }
        #expect(kept.count == 2 && kept.contains("b") && !kept.contains("a"))
        try harness.remove()
    }

    @Test("The status shows windows, classes, teacher and job of each model")
    func status() async throws {
        await harness.fill(perClass: 40)
        try await harness.work(JobRequest(t: TestTask.start, id: "first", model: "shake"))
        await desk.tick()
        let model = try #require(harness.context.board.details["models"]?.object?["shake"]?.object)
        #expect(model["windows"] == .integer(80) && model["labelled"] == .integer(80))
        #expect(model["classes"] == .object(["still": .integer(40), "moving": .integer(40)]))
        #expect(model["teacher"]?.string == harness.app.shelf["shake"]?.digest.short)
        #expect(model["job"] == .object(["id": .string("first"), "phase": .string("offering")]))
        try harness.remove()
    }
}
