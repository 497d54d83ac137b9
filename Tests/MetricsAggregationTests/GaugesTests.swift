import JSON
import ServiceRuntime
import Telemetry
import Testing

@testable import MetricsAggregation

@Suite("The fleet as metrics")
struct GaugesTests {
    private func status(_ site: String, _ counters: [String: Int], session: String = "s1") -> StatusMessage {
        StatusMessage(
            t: Fixture.now, session: session, boot: "b", version: "0.1.0", host: "h", started: Fixture.start,
            counters: counters,
            details: [
                "site": .string(site), "profile": .string("rpi5@2"), "devicesOnline": .integer(3),
                "spool": .object(["bytes": .integer(100), "limit": .integer(1000)]),
            ])
    }

    private func lines(_ families: [MetricFamily]) -> [String] {
        families.flatMap { family in
            family.samples.map { sample in
                let labels = sample.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
                return "\(family.definition.name)\(sample.suffix){\(labels)} \(sample.value)"
            }
        }
    }

    private func topic(_ edge: String) -> Topic { .status(executable: "edge-inferencer", instance: edge) }
    private func presence(_ edge: String) -> Topic {
        .serviceAvailability(executable: "edge-inferencer", instance: edge)
    }

    @Test("An edge's counters are shown with its site while its status is retained, and gone with it")
    func edges() throws {
        let gauges = EdgeGauges(capacity: 10)
        try gauges.take(presence("gw-1"), Array("online".utf8))
        try gauges.take(topic("gw-1"), status("home", ["inferences": 7, "uploadedBytes": 99, "odd": 2]).payload)
        try gauges.take(topic("gw-2"), status("barn", ["inferences": 1]).payload)
        var shown = lines(gauges.families)
        for line in [
            "retort_edge_up{site=home,edge=gw-1} 1.0", "retort_edge_up{site=barn,edge=gw-2} 0.0",
            "retort_edge_inferences_total{site=home,edge=gw-1} 7.0",
            "retort_edge_uploaded_bytes_total{site=home,edge=gw-1} 99.0",
            "retort_edge_status_total{site=home,edge=gw-1,counter=odd} 2.0",
            "retort_edge_devices_online{site=home,edge=gw-1} 3.0",
            "retort_edge_spool_limit_bytes{site=home,edge=gw-1} 1000.0",
            "retort_edge_info{site=home,edge=gw-1,version=0.1.0,host=h,profile=rpi5@2,radio=} 1.0",
        ] {
            #expect(shown.contains(line), "no \(line) in\n\(shown.joined(separator: "\n"))")
        }
        try gauges.take(topic("gw-1"), [])
        shown = lines(gauges.families)
        #expect(!shown.contains { $0.contains("gw-1") } && shown.contains { $0.contains("gw-2") })
    }

    @Test("Edges beyond the bound are counted and not shown; those known go on")
    func bound() throws {
        let gauges = EdgeGauges(capacity: 2)
        for edge in 0..<5 { try gauges.take(topic("gw-\(edge)"), status("home", ["inferences": edge]).payload) }
        try gauges.take(topic("gw-1"), status("home", ["inferences": 70]).payload)
        let shown = lines(gauges.families)
        #expect(shown.filter { $0.hasPrefix("retort_edge_up{") }.count == 2)
        #expect(shown.contains("retort_edge_inferences_total{site=home,edge=gw-1} 70.0"))
        #expect(shown.contains("retort_edges_refused_total{} 3.0"))
    }

    @Test("Models are shown by the versions that edges run, with their scores")
    func models() throws {
        let gauges = FleetGauges()
        #expect(lines(gauges.families).isEmpty, "what is not known is left out")
        for version in 1...3 {
            let score = AccuracyMessage(
                t: Fixture.now, from: Fixture.start, to: Fixture.now, basis: .truth, decisions: 100 * version,
                scored: 50, coverage: 0.5, accuracy: ScoreInterval(value: 0.5, low: 0.25, high: 0.75),
                latency: .init(median: 41, p95: 60, p99: 80))
            try gauges.take(.accuracy(model: "activity", version: version), score.payload)
        }
        var summary = FleetSummary(
            t: Fixture.now, devices: .init(known: 5, online: 4), edges: .init(known: 2, online: 2), windows: 600)
        summary.running = ["home/gw-1": ["activity": 2], "home/gw-2": ["activity": 3], "barn/gw-3": ["activity": 3]]
        summary.bytes = ["updates": 2000]
        summary.joules = [
            "compute": JoulesFigure(value: 1.5, low: 1, high: 2, method: .modelled, includes: ["compute"])
        ]
        summary.models = ["activity": .init(version: 3, desired: 3)]
        gauges.show(summary)
        let shown = lines(gauges.families)
        for line in [
            "retort_fleet_devices{} 5.0", "retort_fleet_devices_online{} 4.0", "retort_fleet_windows_total{} 600.0",
            "retort_fleet_moved_bytes_total{cause=updates} 2000.0",
            "retort_fleet_energy_joules_total{cause=compute,method=modelled} 1.5",
            "retort_model_desired_version{model=activity} 3.0", "retort_model_edges{model=activity,version=2} 1.0",
            "retort_model_edges{model=activity,version=3} 2.0",
            "retort_model_accuracy_low_ratio{model=activity,version=3} 0.25",
            "retort_model_latency_p50_seconds{model=activity,version=2} 4.1e-05",
        ] {
            #expect(shown.contains(line), "no \(line) in\n\(shown.joined(separator: "\n"))")
        }
        #expect(!shown.contains { $0.contains("version=1") }, "no edge runs it")
        #expect(!shown.contains { $0.contains("macro_f1") }, "what is not known is left out")
    }
}
