import ServiceRuntime
import Telemetry
import Testing

@testable import CloudDistillation

@Suite("The distiller's metrics")
struct MetricsTests {
    @Test("What is held, what jobs spend and how they end is on /metrics, and nothing counts twice")
    func page() async throws {
        let harness = try await DistillerHarness(engine: HandmadeEngine())
        await harness.take(task: TestTask.task())
        await harness.fill(perClass: 40)
        func page() async -> [String] {
            await harness.context.metricsPage(accept: nil).text.split(separator: "\n").map(String.init)
        }
        var lines = await page()
        for line in [
            "retort_distiller_held_windows{model=\"shake\"} 80",
            "retort_distiller_labelled_windows{model=\"shake\",class=\"moving\"} 40",
            "retort_distiller_windows_total 80", "retort_distiller_jobs{phase=\"accepted\"} 0",
            "retort_distiller_verdict_seconds_count 0",
        ] {
            #expect(lines.contains(line), "no \(line) in\n\(lines.joined(separator: "\n"))")
        }
        let request = JobRequest(t: TestTask.start, id: "first", model: "shake")
        try await harness.work(request)
        #expect(await page().contains("retort_distiller_jobs{phase=\"offering\"} 1"))
        _ = try await harness.answer(.accepted, version: 1)
        // Whoever asks again is told again; the job has ended once.
        await harness.receive(request, on: .jobRequest)
        lines = await page()
        #expect(lines.contains("retort_distiller_jobs_ended_total{phase=\"done\"} 1"))
        #expect(lines.contains("retort_distiller_jobs{phase=\"offering\"} 0"))
        #expect(lines.contains("retort_distiller_accepted_candidates_total 1"))
        try harness.remove()
    }

    @Test("Seconds of a phase count once, and those of an earlier process not at all")
    func seconds() async {
        let context = OpenMetricsFactory()
        let metrics = DistillerMetrics(context)
        func progress(_ id: String, _ seconds: [String: Double], _ phase: JobProgress.Phase = .student) -> JobProgress {
            JobProgress(
                t: TestTask.start, id: id, model: "m", distiller: "d", phase: phase, fraction: 0, seconds: seconds)
        }
        metrics.note(progress("a", [:], .accepted))
        metrics.note(progress("a", ["teacher": 5]))
        metrics.note(progress("a", ["teacher": 5]))
        metrics.ended(progress("a", ["teacher": 5, "student": 2], .done))
        metrics.note(progress("a", ["teacher": 5, "student": 2], .done))
        metrics.note(progress("earlier", ["teacher": 100], .offering))
        #expect(metrics.jobSeconds == ["teacher": 5, "student": 2])
    }
}
