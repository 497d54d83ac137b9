import BusAPI
import Telemetry
import Testing

@testable import FleetConsole

@Suite("The live picture")
struct FleetPictureTests {
    private func picture(
        _ fleet: FleetView, trend: FleetTrend = FleetTrend(), elapsed: Double = 71, brokerAway: String? = nil
    ) -> FleetPicture {
        FleetPicture(
            fleet: fleet, trend: trend, note: "waiting", elapsed: elapsed, now: FleetFixture.t + 100,
            brokerAway: brokerAway)
    }

    @Test("It says what a person asks first: devices, edges, models, bytes, jobs")
    func content() {
        let progress = JobProgress(
            t: FleetFixture.t, id: "job-1", model: "activity", distiller: "d", phase: .teacher, fraction: 0.5,
            loss: 0.25,
            secondsLeft: 20)
        let fleet = FleetFixture.view([(.jobProgress(id: "job-1"), progress.payload)])
        let text = picture(fleet).lines.map(\.text).joined(separator: "\n")
        for part in [
            "Retort  1:11  waiting", "devices 1/2   edges 1/1   windows 12.5/s   asked of the teacher 10.0 %",
            "updates 12 kB", "v2  student 70.0 % (65.0-74.0) of 400  teacher 80.0 %  50 mJ an inference (modelled)",
            "north/gw-north       activity     version 2", "job job-1: teacher     ████████░░░░░░░░ 50.0 %, loss 0.25",
        ] { #expect(text.contains(part), "no \(part) in\n\(text)") }
    }

    @Test("What is old is called old: nothing heard, the aggregator gone, the broker away")
    func staleness() {
        let fresh = FleetFixture.view(retained: false, now: FleetFixture.t + 98)
        #expect(picture(fresh).staleness.isEmpty)
        #expect(picture(FleetFixture.view()).staleness.map(\.text) == ["last heard 71 s ago"])
        let gone = FleetFixture.view(
            [(.serviceAvailability(executable: "metrics-aggregator", instance: "aggregator"), Array("offline".utf8))],
            retained: false, now: FleetFixture.t + 98)
        #expect(picture(gone).staleness.map(\.text) == ["metrics-aggregator is offline: its figures are 100 s old"])
        #expect(picture(fresh, brokerAway: "lost").staleness.first?.text.contains("the broker is away (lost)") == true)
        #expect(picture(gone).line.contains("metrics-aggregator is offline"))
    }

    @Test("Lines fit a terminal of any size, whatever the fleet says", arguments: [(20, 5), (40, 24), (80, 100)])
    func size(columns: Int, rows: Int) {
        let reject = RejectMessage(
            t: FleetFixture.t, topic: "retort/v1/telemetry/north/" + String(repeating: "x", count: 100),
            code: "malformed", reason: "the payload\u{1B}[2J is no JSON", count: 1)
        let fleet = FleetFixture.view([(.reject(executable: "edge-inferencer"), reject.payload)])
        let lines = LiveScreen.fit(picture(fleet).lines, columns: columns, rows: rows)
        #expect(lines.count < rows && lines.allSatisfy { $0.count <= columns })
        #expect(rows > 20 || lines.last?.text.hasPrefix("… ") == true)
        #expect(lines.allSatisfy { !$0.rendered(colour: false).contains("\u{1B}") })
        // What colours a line takes no column, and does not come from the bus.
        #expect(lines[0].rendered(colour: true).hasPrefix("\u{1B}[1mRetort  1:11"))
        #expect(lines.allSatisfy { !$0.rendered(colour: true).contains("\u{1B}[2J") })
    }

    @Test("Sparklines stand on the aggregator's hour; without it on what was seen since the start")
    func sparklines() {
        func point(_ minute: Double, _ accuracy: Double, _ joules: Double) -> FleetHistory.Point {
            let card = Scorecard(
                windows: 10, scored: 5, accuracy: ScoreInterval(value: accuracy, low: accuracy, high: accuracy),
                joulesPerInference: JoulesFigure(
                    value: joules, low: joules, high: joules, method: .modelled, includes: ["compute"]))
            return FleetHistory.Point(t: FleetFixture.t - 600 + minute * 60, card: card)
        }
        let history = FleetHistory(
            t: FleetFixture.t, subject: .fleet, model: "activity", resolution: .minute, from: FleetFixture.t - 3600,
            to: FleetFixture.t, points: [point(0, 0.5, 0.1), point(1, 0.7, 0.1), point(3, 0.62, 0.2)])
        let fleet = FleetFixture.view([(.fleetHistory(model: "activity"), history.payload)])
        let text = picture(fleet).lines.map(\.text).joined(separator: "\n")
        #expect(text.contains("accuracy ▁█ ▅  50.0 % to 70.0 %, by minute, the last 4"), "\(text)")
        #expect(text.contains("energy   ▁▁ █  100 mJ to 200 mJ an inference, by minute, the last 4"), "\(text)")

        var trend = FleetTrend()
        for (second, accuracy) in [(0.0, 0.5), (0.5, 0.9), (2, 0.6)] {
            guard var summary = FleetFixture.view().summary else { continue }
            summary.t = FleetFixture.t + 40 + second
            summary.models["activity"]?.accuracy = ScoreInterval(value: accuracy, low: accuracy, high: accuracy)
            trend.take(summary)
        }
        let seen = picture(FleetFixture.view(), trend: trend).lines.map(\.text).joined(separator: "\n")
        #expect(seen.contains("accuracy ▁█  50.0 % to 60.0 %, since 0:11"), "\(seen)")
    }

    @Test("A trend keeps its bound and its ends")
    func bound() throws {
        var trend = FleetTrend()
        var summary = try #require(FleetFixture.view().summary)
        for second in 0..<2000 {
            summary.t = FleetFixture.t + Double(second)
            trend.take(summary)
        }
        let points = try #require(trend.points["activity"])
        #expect(points.count < FleetTrend.capacity && points[0].t == FleetFixture.t)
        #expect(points[points.count - 1].t > FleetFixture.t + 1900)
    }

    @Test("A series without news is flat, and gaps stay gaps")
    func blocks() {
        #expect(Sparkline.text([0.5, 0.501, nil, 0.5], width: 10, least: 0.05) == "▄▅ ▄")
        #expect(Sparkline.text([1, 2, 3], width: 2, least: 0) == "▁█")
        #expect(Sparkline.text([nil, .nan], width: 5, least: 0).isEmpty)
    }
}
