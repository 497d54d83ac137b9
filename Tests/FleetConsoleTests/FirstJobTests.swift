import JSON
import ModelArtifact
import Telemetry
import Testing

@testable import FleetConsole

@Suite("A first job")
struct FirstJobTests {
    private static let t = 1_760_000_000.0
    private static let task = TaskDocument(
        name: "gesture", channels: [.init(name: "ax", unit: "")], rate: 20, window: 20, step: 10,
        classes: [.init(name: "rest"), .init(name: "wave")])

    private func status(_ rest: Int, _ wave: Int, needed: Int = 40) -> StatusMessage {
        StatusMessage(
            t: Self.t, session: "s", boot: "b", version: "1", host: "h", started: Self.t, counters: [:],
            details: [
                "models": .object([
                    "gesture": .object([
                        "needed": .integer(Int64(needed)),
                        "classes": .object(["rest": .integer(Int64(rest)), "wave": .integer(Int64(wave))]),
                    ])
                ])
            ])
    }

    private func progress(_ id: String, _ phase: JobProgress.Phase, reason: String? = nil) -> JobProgress {
        JobProgress(
            t: Self.t, id: id, model: "gesture", distiller: "d", phase: phase, fraction: 0.5, reason: reason)
    }

    @Test("Windows are shown against what is needed; the distiller's own job comes first")
    func automatic() {
        var job = FirstJob(task: Self.task)
        #expect(job.advance(now: Self.t).first.map { "\($0)".contains("no distiller") } == true)
        job.take(status(12, 40))
        #expect(job.advance(now: Self.t + 5) == [.say("labelled windows: rest 12/40, wave 40/40")])
        job.take(status(41, 40))
        #expect(job.advance(now: Self.t + 10) == [.say("labelled windows: rest 41/40, wave 40/40")])
        job.take(progress("auto-gesture-1", .teacher), isRetained: false)
        #expect(job.advance(now: Self.t + 11) == [.show(progress("auto-gesture-1", .teacher))])
        job.take(progress("auto-gesture-1", .done, reason: "version 1"), isRetained: false)
        #expect(job.advance(now: Self.t + 12) == [.done(version: "version 1")])
    }

    @Test("Where the distiller starts none, one job is asked for, and its failure is told")
    func asked() {
        var job = FirstJob(task: Self.task, seed: 3)
        job.take(status(40, 40))
        #expect(job.advance(now: Self.t).count == 1)
        let requests = job.advance(now: Self.t + 3.5).compactMap { action in
            if case .request(let request) = action { request } else { nil }
        }
        #expect(requests.count == 1 && requests.first?.model == "gesture" && requests.first?.seed == 3)
        #expect(job.unanswered && job.advance(now: Self.t + 9).isEmpty)
        job.take(progress(requests.first?.id ?? "", .failed, reason: "too few"), isRetained: false)
        #expect(!job.unanswered)
        guard case .fail(let reason)? = job.advance(now: Self.t + 10).first else {
            Issue.record("it did not fail")
            return
        }
        #expect(reason.hasSuffix("too few"))
    }

    @Test("With a number of windows of one's own the job is asked for at once")
    func wanted() {
        var job = FirstJob(task: Self.task, windows: 8)
        job.take(status(8, 7))
        #expect(!job.advance(now: Self.t).contains { if case .request = $0 { true } else { false } })
        job.take(status(8, 8))
        #expect(job.advance(now: Self.t + 1).contains { if case .request = $0 { true } else { false } })
    }
}
