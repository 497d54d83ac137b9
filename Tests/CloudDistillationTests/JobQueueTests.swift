import ModelArtifact
import Telemetry
import Testing

@testable import CloudDistillation

@Suite("Job queue")
struct JobQueueTests {
    private var queue = JobQueue(instance: "cloud-2", options: JobQueue.Options())
    private let ready = readiness(["still": 50, "moving": 50])

    private static func readiness(_ counts: [String: Int], versions: Set<Int> = []) -> ModelReadiness {
        ModelReadiness(
            task: TestTask.task(), classCounts: counts, sampleCount: counts.values.reduce(0, +),
            knownVersions: versions)
    }

    private func request(_ id: String, base: Int? = nil, distiller: String? = nil, model: String = "shake")
        -> JobRequest
    {
        JobRequest(t: 100, id: id, model: model, distiller: distiller, base: base)
    }

    private func said(_ actions: [JobQueue.Action]) -> [JobProgress] {
        actions.compactMap { if case .say(let progress) = $0 { progress } else { nil } }
    }

    private func started(_ actions: [JobQueue.Action]) -> [String] {
        actions.compactMap { if case .start(let request) = $0 { request.id } else { nil } }
    }

    @Test("One job trains at a time; the next starts when its student is offered")
    mutating func order() {
        #expect(started(queue.request(request("a"), readiness: ready, now: 1)) == ["a"])
        let second = queue.request(request("b"), readiness: ready, now: 2)
        #expect(started(second).isEmpty && said(second).map(\.phase) == [.accepted])
        #expect(started(queue.trained("a", candidate: "d", now: 3)) == ["b"])
        #expect(queue.jobs["a"]?.state == .offering && queue.jobs["b"]?.state == .running)
    }

    @Test("A repeated request is one job, and is told how far it is")
    mutating func idempotent() {
        _ = queue.request(request("a"), readiness: ready, now: 1)
        _ = queue.advance("a", to: .teacher, fraction: 0.3, now: 2)
        let again = queue.request(request("a"), readiness: ready, now: 3)
        #expect(said(again).map(\.phase) == [.teacher] && again.count == 1)
        let other = queue.request(request("a", base: 1), readiness: ready, now: 4)
        guard case .reject(code: "job", _) = other.first else {
            Issue.record("another request under the same id is not refused")
            return
        }
        #expect(queue.jobs.count == 1)
    }

    @Test("Requests that name no distiller go to the live one with the lowest id")
    mutating func lowest() {
        #expect(queue.takesUnnamed)
        queue.heard("cloud-1", isOnline: true)
        #expect(queue.request(request("a"), readiness: ready, now: 1).isEmpty)
        #expect(queue.considerAutomatic([ready], now: 1).isEmpty)
        #expect(started(queue.request(request("b", distiller: "cloud-2"), readiness: ready, now: 1)) == ["b"])
        #expect(queue.request(request("c", distiller: "cloud-3"), readiness: ready, now: 1).isEmpty)
        queue.heard("cloud-3", isOnline: true)
        queue.heard("cloud-1", isOnline: false)
        #expect(said(queue.request(request("a"), readiness: ready, now: 2)).map(\.phase) == [.accepted])
    }

    @Test("What stands in a job's way is said so that a person can act")
    mutating func obstacles() throws {
        let unknown = said(queue.request(request("a", model: "nothing"), readiness: nil, now: 1))
        #expect(unknown.first?.phase == .failed && unknown.first?.reason?.contains("no task \"nothing\"") == true)
        let few = said(queue.request(request("b"), readiness: Self.readiness(["still": 50, "moving": 2]), now: 1))
        let reason = try #require(few.first?.reason)
        #expect(few.first?.phase == .failed && reason.contains("moving 2") && reason.contains("label/"))
        let base = said(
            queue.request(
                request("c", base: 7), readiness: Self.readiness(["still": 50, "moving": 50], versions: [1, 2]), now: 1)
        )
        #expect(base.first?.reason?.contains("version 7") == true && base.first?.reason?.contains("1, 2") == true)
        // A failed request is no job: it may be asked again once there is enough.
        #expect(started(queue.request(request("b"), readiness: ready, now: 2)) == ["b"])
    }

    @Test("No more than the allowed number of jobs waits")
    mutating func full() {
        queue = JobQueue(instance: "cloud-1", options: JobQueue.Options(waiting: 2))
        for id in ["a", "b", "c"] { _ = queue.request(request(id), readiness: ready, now: 1) }
        let fourth = said(queue.request(request("d"), readiness: ready, now: 1))
        #expect(fourth.first?.phase == .failed && queue.jobs.count == 3)
    }

    @Test("Progress is said at each phase, and at most twice a second within one")
    mutating func progress() {
        _ = queue.request(request("a"), readiness: ready, now: 1)
        #expect(said(queue.advance("a", to: .teacher, fraction: 0, now: 2)).count == 1)
        #expect(queue.advance("a", to: .teacher, fraction: 0.1, now: 2.2).isEmpty)
        let later = said(queue.advance("a", to: .teacher, fraction: 0.2, loss: .nan, now: 2.6))
        #expect(later.count == 1 && later.first?.loss == nil)
        let student = said(queue.advance("a", to: .student, fraction: 0, now: 5))
        #expect(student.first?.seconds["teacher"] == 3 && student.first?.seconds["preparing"] == 1)
    }

    @Test("The registry's answer ends a job")
    mutating func answers() {
        _ = queue.request(request("a"), readiness: ready, now: 1)
        _ = queue.trained("a", candidate: "d", now: 2)
        let done = said(queue.answered("a", CandidateResult(t: 3, digest: "d", state: .accepted, version: 4), now: 3))
        #expect(done.first?.phase == .done && done.first?.reason == "version 4" && done.first?.candidate == "d")
        _ = queue.request(request("b"), readiness: ready, now: 4)
        _ = queue.trained("b", candidate: "e", now: 5)
        let refused = said(
            queue.answered("b", CandidateResult(t: 6, digest: "e", state: .refused, reason: "too large"), now: 6))
        #expect(refused.first?.phase == .failed && refused.first?.reason?.contains("too large") == true)
    }

    @Test("The first job of a model starts by itself once, and again only after it failed and windows came")
    mutating func automatic() {
        #expect(queue.considerAutomatic([Self.readiness(["still": 50, "moving": 39])], now: 1).isEmpty)
        #expect(started(queue.considerAutomatic([ready], now: 2)) == ["auto-shake-1"])
        #expect(queue.considerAutomatic([ready], now: 3).isEmpty)
        _ = queue.failed("auto-shake-1", reason: "diverged", samples: 100, now: 4)
        #expect(queue.considerAutomatic([ready], now: 5).isEmpty)
        let more = Self.readiness(["still": 70, "moving": 70])
        #expect(started(queue.considerAutomatic([more], now: 6)) == ["auto-shake-2"])
        _ = queue.trained("auto-shake-2", candidate: "d", now: 7)
        _ = queue.answered("auto-shake-2", CandidateResult(t: 8, digest: "d", state: .accepted, version: 1), now: 8)
        #expect(queue.considerAutomatic([Self.readiness(["still": 900, "moving": 900])], now: 9).isEmpty)
    }

    @Test("After a restart the job under way goes on first, and those that waited wait again")
    mutating func restart() {
        for id in ["a", "b", "c", "under-way"] { _ = queue.request(request(id), readiness: ready, now: 2) }
        _ = queue.trained("a", candidate: "d", now: 3)
        // As if the last had been the one under way.
        let kept = queue.jobs.values.map { job in
            var job = job
            if job.id != "a" { job.state = job.id == "under-way" ? .running : .waiting }
            return job
        }
        queue = JobQueue(instance: "cloud-2", options: JobQueue.Options())
        let actions = queue.restore(kept, prepared: ["under-way"], now: 10)
        #expect(started(actions) == ["under-way"], "it was under way, though others came before it")
        #expect(Set(said(actions).filter { $0.phase == .accepted }.map(\.id)) == ["b", "c", "under-way"])
        #expect(queue.jobs["a"]?.state == .offering && queue.waitingCount == 2)
        // Those that have no samples yet wait for their task.
        #expect(started(queue.trained("under-way", candidate: "e", now: 11)).isEmpty)
        #expect(started(queue.know(["other"], now: 12)).isEmpty)
        #expect(started(queue.know(["shake"], now: 13)) == ["b"])
        // Without its samples it waits too, and is still the first.
        queue = JobQueue(instance: "cloud-2", options: JobQueue.Options())
        #expect(started(queue.restore(kept, prepared: [], now: 10)).isEmpty)
        #expect(started(queue.know(["shake"], now: 11)) == ["under-way"])
    }

    @Test("A restored job counts as its model's, so no automatic one starts beside it")
    mutating func restoredAutomatic() {
        _ = queue.considerAutomatic([ready], now: 1)
        let kept = queue.jobs.values.map { $0 }
        queue = JobQueue(instance: "cloud-2", options: JobQueue.Options())
        #expect(started(queue.restore(kept, prepared: ["auto-shake-1"], now: 10)) == ["auto-shake-1"])
        #expect(queue.considerAutomatic([ready], now: 11).isEmpty)
    }

    @Test("Progress says from which epoch a phase goes on, and no longer in the next phase")
    mutating func resumedFrom() {
        _ = queue.request(request("a"), readiness: ready, now: 1)
        #expect(said(queue.advance("a", to: .teacher, fraction: 0.3, resumedFrom: 7, now: 2)).first?.resumedFrom == 7)
        #expect(said(queue.advance("a", to: .student, fraction: 0, now: 3)).first?.resumedFrom == nil)
    }

    @Test("An automatic job's id is a slug that names no other job, however long the model's name")
    mutating func automaticID() {
        _ = queue.request(request("auto-shake-1"), readiness: ready, now: 1)
        _ = queue.failed("auto-shake-1", reason: "no", now: 2)
        #expect(started(queue.considerAutomatic([ready], now: 3)) == ["auto-shake-2"])
        let long = String(repeating: "m", count: 128)
        queue = JobQueue(instance: "cloud-2", options: JobQueue.Options())
        let model = ModelReadiness(
            task: TestTask.task(long), classCounts: ["still": 50, "moving": 50], sampleCount: 100, knownVersions: [])
        #expect(started(queue.considerAutomatic([model], now: 1)).allSatisfy { Slug.isValid($0) })
    }

    @Test("A job that learns from verdicts needs windows with verdicts, and says how many there are")
    mutating func verdicts() throws {
        let asked = JobRequest(t: 100, id: "v", model: "shake", teacher: .verdicts)
        var model = ready
        model.answerCounts = ["still": 30, "moving": 7]
        let few = try #require(said(queue.request(asked, readiness: model, now: 1)).first)
        #expect(few.phase == .failed && few.reason?.contains("still 30, moving 7") == true)
        #expect(few.reason?.contains("have 8 windows with a verdict and 2 must") == true)
        #expect(few.reason?.contains("on verdict/{site}/{device}/shake") == true)
        model = Self.readiness([:])
        model.answerCounts = ["still": 30, "moving": 8]
        #expect(started(queue.request(asked, readiness: model, now: 2)) == ["v"], "no label is needed")
        guard case .reject(code: "job", _) = queue.request(request("v"), readiness: ready, now: 3).first else {
            Issue.record("the same id with another teacher is not refused")
            return
        }
    }
}
