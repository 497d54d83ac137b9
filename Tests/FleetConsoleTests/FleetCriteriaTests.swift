import BusAPI
import JSON
import Telemetry
import Testing

@testable import FleetConsole

@Suite("What distillation is judged by")
struct FleetCriteriaTests {
    private let criteria = FleetCriteria(of: "activity", in: FleetFixture.view(), now: FleetFixture.t)

    @Test("The gap is from always saying the most frequent class to the teacher, on the windows of both")
    func gap() throws {
        // 120 of the teacher's 200 windows are walking; the student is right on 60 %, the teacher on 80 %.
        #expect(criteria.baseline == .init(share: 0.6, label: "walking"))
        #expect(criteria.gapClosed == 0)
        var better = FleetFixture.score
        better.teacher?.student = ScoreInterval(value: 0.75, low: 0.7, high: 0.8)
        let view = FleetFixture.view([(.accuracy(model: "activity", version: 2), better.payload)])
        let closed = try #require(FleetCriteria(of: "activity", in: view, now: FleetFixture.t).gapClosed)
        #expect(abs(closed - 0.75) < 1e-9)
        better.teacher?.accuracy = ScoreInterval(value: 0.55, low: 0.5, high: 0.6)
        let worse = FleetFixture.view([(.accuracy(model: "activity", version: 2), better.payload)])
        #expect(FleetCriteria(of: "activity", in: worse, now: FleetFixture.t).gapClosed == nil)
    }

    @Test("Every criterion has its figures, with bounds, coverage and method")
    func text() {
        let text = criteria.text
        for part in [
            "activity, version 2", "70.0 % (65.0-74.0)", "400 of 1000 windows (40.0 %) have a truth; 95 % intervals",
            "60.0 % (53.0-67.0)", "80.0 % (74.0-85.0)", "200 windows that both decided", "75.0 % (70.0-79.0)",
            "1.5 µs median, 4 µs p95, 15 µs p99", "8868 B, 3742 parameters", "595 kB, 148754 parameters",
            "67.1 times smaller", "50 mJ (20 mJ to 100 mJ)", "modelled: compute, idle", "90.0 %", "2056 B to 1 edges",
            "31.1 % of 6604 B for whole files in zstd; of all models ever: updates 12 kB, uploads 346 kB",
            "agrees on 65.0 % (58.0-71.0)", "0.0 % of the gap between always \"walking\" (60.0 %) and the teacher",
        ] { #expect(text.contains(part), "no \(part) in\n\(text)") }
    }

    @Test("What is not known is called unknown, in every form")
    func unknown() {
        let release = ReleaseMessage(
            t: FleetFixture.t, model: "new", version: 1, previous: nil, digest: String(repeating: "c", count: 64),
            size: 10,
            parameters: 1, multiplyAccumulates: 1, compressedBytes: 10, report: [:])
        let view = FleetFixture.view([(.release(model: "new", channel: "stable"), release.payload)])
        let new = FleetCriteria(of: "new", in: view, now: FleetFixture.t)
        #expect(new.rows.count { $0.student == FleetCriteria.unknown } == 9)
        let json = new.json.object
        #expect(json?["accuracy"]?.object?["student"] == nil && json?["knowledge"]?.object?["gapClosed"] == nil)
        #expect(json?["size"]?.object?["studentBytes"]?.integer == 10)
    }

    @Test("The JSON keeps the keys of the topics")
    func json() {
        let json = criteria.json.object
        #expect(json?["accuracy"]?.object?["teacher"]?.object?["value"]?.number == 0.8)
        #expect(json?["speed"]?.object?["studentUs"]?.object?["p95"]?.number == 4)
        #expect(json?["bytes"]?.object?["updatesAsFull"]?.integer == 6604)
        #expect(json?["knowledge"]?.object?["baseline"]?.number == 0.6)
        #expect(json?["versions"]?.elements?.first?.object?["edges"]?.integer == 1)
    }

    @Test("The page needs nothing but itself, and shows names as text")
    func page() {
        var score = FleetFixture.score
        score.confusion?.labels = ["sitting", "<script>alert(1)</script>"]
        let view = FleetFixture.view([(.accuracy(model: "activity", version: 2), score.payload)])
        let html = FleetReportPage(
            [FleetCriteria(of: "activity", in: view, now: FleetFixture.t)], summary: view.summary,
            address: "mqtt://<b>host", date: "2026-05-04"
        ).html
        #expect(html.hasPrefix("<!doctype html>") && html.hasSuffix("</html>"))
        #expect(!html.contains("<script") && html.contains("&lt;script&gt;alert(1)") && !html.contains("<b>host"))
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            #expect(!html.contains(outside), "\(outside)")
        }
        #expect(html.contains("prefers-color-scheme:dark") && html.contains("<svg") && html.contains("aria-label"))
        #expect(html.contains("70.0 %") && html.contains("by the teacher."))
        #expect(FleetReportPage([], summary: nil, address: "a", date: "b").html.contains("No model has a version yet."))
    }

    @Test("Joules come by cause, edge and version, with method and bounds")
    func energy() {
        let energy = FleetEnergy(FleetFixture.view(), now: FleetFixture.t)
        for part in [
            "compute   50 mJ  20 mJ  100 mJ  modelled",
            "north/gw-north  online     1440  compute  210 mJ  140 mJ  310 mJ",
            "activity        2  an inference    50 mJ", "a correct one   70 mJ",
        ] { #expect(energy.text.contains(part), "no \(part) in\n\(energy.text)") }
        let json = energy.json.object
        #expect(json?["causes"]?.object?["idle"]?.object?["high"]?.number == 0.1)
        #expect(json?["edges"]?.elements?.first?.object?["state"]?.string == "online")
        #expect(json?["versions"]?.elements?.first?.object?["joulesPerCorrect"]?.object?["value"]?.number == 0.07)
        #expect(FleetEnergy(FleetView(topics: FleetFixture.topics), now: 0).isEmpty)
    }
}
