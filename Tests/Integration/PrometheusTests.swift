import BusAPI
import Foundation
import JSON
import Telemetry
import Testing

/// The real executables, scraped by a real Prometheus with the configuration and the rules of `docker/prometheus`.
@Suite("Metrics for Prometheus", .serialized)
struct PrometheusTests {
    private let north = EdgeID(site: "north", edge: "gw-north")
    private let device = DeviceID(site: "north", device: "probe-1")

    private func start(_ stage: ServiceStage, _ ports: [String: Int]) async throws {
        func port(_ service: String) -> String { "\(ports[service] ?? 0)" }
        _ = try await stage.registry(["http.port": port("registry")])
        _ = try await stage.start(
            "metrics-aggregator", "aggregator",
            [
                "http.port": port("aggregator"), "alerts.edgeOffline.seconds": "0.5", "alerts.lookSeconds": "0.1",
                "alerts.resolveSeconds": "0.5",
            ])
        _ = try await stage.start(
            "cloud-distiller", "distiller", ["http.port": port("distiller"), "jobs.automatic": "false"])
    }

    @Test("Prometheus scrapes the whole cluster, its figures are right, and an edge that is forgotten is gone")
    func cluster() async throws {
        try await ServiceStage.with { stage in
            let ports = [
                "registry": try LoopbackPort.free(), "distiller": try LoopbackPort.free(),
                "aggregator": try LoopbackPort.free(),
            ]
            try await start(stage, ports)
            let edge = try await stage.edge(north.edge, site: north.site)
            _ = try await stage.start("sensor-simulator", "simulator", ["simulator.patience": "0"])
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, north)
            for second in 0..<3 { _ = try await stage.inference(device, second: second * 200) }

            try await PrometheusServer.with(ports, folder: stage.folder + "/prometheus") { prometheus in
                do {
                    _ = try await stage.waiting(for: "every target to be up") {
                        try prometheus.areTargetsUp(3) ? true : nil
                    }
                } catch { throw FixtureError("\(error)\n\(try prometheus.complaints())") }
                func equals(_ query: String, _ value: @autoclosure () throws -> Double) async throws {
                    var last: Double?
                    do {
                        _ = try await stage.waiting(for: query) {
                            last = try prometheus.value(query)
                            return try last == value() ? true : nil
                        }
                    } catch { throw FixtureError("\(error): \(try value()) is right, not \(last as Any)") }
                }
                try await equals("count(retort_build_info)", 3)
                try await equals("retort_registry_edges{model=\"level\",version=\"1\",state=\"running\"}", 1)
                try await equals("retort_registry_accepted_candidates_total", 1)
                try await equals("retort_registry_metadata_expiry_time_seconds{role=\"timestamp\"} > bool time()", 1)
                try await equals("retort_edge_up{site=\"north\",edge=\"gw-north\"}", 1)
                try await equals("retort_model_edges{model=\"level\",version=\"1\"}", 1)
                try await equals("retort_model_desired_version{model=\"level\"}", 1)
                let decided = Set(
                    try stage.messages.filter { $0.topic.contains("/inference/") && !$0.payload.isEmpty }.map {
                        try InferenceMessage(payload: $0.payload).window
                    }
                ).count
                try await equals("retort_edge_inferences_total{edge=\"gw-north\"}", Double(decided))
                try await equals("retort_fleet_windows_total", Double(decided))
                try await equals("retort_model_windows{model=\"level\",version=\"1\"}", Double(decided))
                try await equals("retort_aggregator_waiting_messages{queue=\"decisions\"}", 0)
                let sent = try await stage.status("model-registry", "registry", "its counters") {
                    $0.counters["chunkBytesSent", default: 0] > 0
                }
                try await equals("retort_registry_sent_bytes_total", Double(sent.counters["chunkBytesSent"] ?? 0))
                #expect(
                    try prometheus.query("retort_status_total").isEmpty,
                    "every counter of these services has a metric of its own")
                let rules = try prometheus.rules()
                #expect(rules.all >= 8 && rules.failing.isEmpty, "\(rules.failing)")

                try await check(stage, ports)

                await edge.kill()
                try await equals("retort_edge_up{site=\"north\",edge=\"gw-north\"}", 0)
                try await equals("retort_alerts{kind=\"edge-offline\"}", 1)
                try await equals("ALERTS{alertname=\"RetortFleetAlert\",alertstate=\"firing\"}", 1)
                try await stage.publish(
                    .status(executable: "edge-inferencer", instance: north.edge), [], retained: true)
                try await equals("count(retort_edge_up) or vector(0)", 0)
                try await equals("retort_alerts{kind=\"edge-offline\"}", 0)
            }
        }
    }

    /// The pages by promtool and by a strict reader of OpenMetrics, and the document by the pages.
    private func check(_ stage: ServiceStage, _ ports: [String: Int]) async throws {
        var pages: [String] = []
        for (service, port) in ports.sorted(by: <) {
            let page = try LoopbackHTTP.get(port, "/metrics", accept: "application/openmetrics-text; version=1.0.0")
            #expect(page.head.lowercased().contains("content-type: application/openmetrics-text; version=1.0.0"))
            let file = stage.folder + "/\(service).metrics"
            try page.body.write(toFile: file, atomically: true, encoding: .utf8)
            pages.append("\(service)=\(file)")
            let older = try LoopbackHTTP.get(port, "/metrics")
            #expect(older.head.lowercased().contains("content-type: text/plain; version=0.0.4"))
            try older.body.write(toFile: file + ".old", atomically: true, encoding: .utf8)
            try await Tool.run(
                "sh", ["-c", "\"$0\" check metrics < \"$1\"", try PrometheusServer.program("promtool"), file + ".old"],
                package: "prometheus")
        }
        let write = ProcessInfo.processInfo.environment["RETORT_WRITE_METRICS"] == "1" ? ["--write"] : []
        try await Self.python("check_metrics.py", [PrometheusServer.document] + pages + write)
    }

    /// Runs one of the fixtures' scripts in the Python that `./dev test` makes.
    private static func python(_ script: String, _ arguments: [String]) async throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Fixtures/\(script)"
        ).path
        try await Tool.run(
            ProcessInfo.processInfo.environment["RETORT_TEST_PYTHON"] ?? "python3", [path] + arguments,
            package: "python3")
    }

    @Test("promtool accepts the configuration, its tests of the alert rules pass, and the compose profile fits it")
    func rules() async throws {
        let promtool = try PrometheusServer.program("promtool")
        let folder = PrometheusServer.configuration
        for (what, file) in [("config", "prometheus.yml"), ("rules", "alerts.yml")] {
            try await Tool.run(
                promtool, ["check", what, folder.appendingPathComponent(file).path], package: "prometheus")
        }
        try await Tool.run(
            promtool, ["test", "rules", folder.appendingPathComponent("alerts-test.yml").path], package: "prometheus")
        try await Self.python("check_compose.py", [folder.deletingLastPathComponent().path])
    }

    @Test("An edge that is killed is raised on alert/ over an aggregator's death, and resolved when it is back")
    func alerts() async throws {
        try await ServiceStage.with { stage in
            _ = try await stage.registry()
            let settings = [
                "alerts.edgeOffline.seconds": "0.5", "alerts.lookSeconds": "0.1", "alerts.resolveSeconds": "0.5",
            ]
            var aggregator = try await stage.start("metrics-aggregator", "aggregator", settings)
            let edge = try await stage.edge(north.edge, site: north.site)
            _ = try await stage.status("edge-inferencer", north.edge, "its site") { $0.details["site"] != nil }
            await edge.kill()
            let topic = Topic.alert(.edgeOffline(north))
            let raised = try AlertMessage(payload: try await stage.message(on: topic, "the alert") { _ in true })
            #expect(raised.state == .raised && raised.message.contains("gw-north at north is offline"))

            // Who comes later finds it, and an aggregator that was killed neither forgets it nor says it again.
            await aggregator.kill()
            #expect(try await stage.retained("retort/v1/alert/#").map(\.payload) == [raised.payload])
            let mark = stage.mark
            aggregator = try await stage.start("metrics-aggregator", "aggregator", settings)
            _ = try await stage.message(on: .fleetSummary, "it works", after: mark) { _ in true }
            _ = try await stage.edge(north.edge, site: north.site)
            let resolved = try AlertMessage(
                payload: try await stage.message(on: topic, "its end", after: mark) {
                    try AlertMessage(payload: $0).state == .resolved
                })
            #expect(resolved.since == raised.since)
            _ = try await stage.waiting(for: "the alert to be taken back") {
                try await stage.retained("retort/v1/alert/#").isEmpty ? true : nil
            }
            let said = try stage.messages.filter { $0.topic == stage.topics.string(topic) && !$0.payload.isEmpty }
                .map { try AlertMessage(payload: $0.payload).state }
            #expect(said == [.raised, .resolved])
            try await stage.validateTraffic(except: Array("{".utf8))
        }
    }
}
