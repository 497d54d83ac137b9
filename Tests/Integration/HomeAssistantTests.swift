import BusAPI
import Foundation
import JSON
import Telemetry
import Testing

/// What stands on a real broker for Home Assistant, and that all of it goes.
@Suite("Home Assistant over a real broker", .serialized)
struct HomeAssistantTests {
    private static let python = ProcessInfo.processInfo.environment["RETORT_TEST_PYTHON"] ?? "python3"

    @Test("Descriptions read the real topics by templates that Jinja renders, and `devices forget` leaves nothing")
    func life() async throws {
        try await ServiceStage.with(foreign: ["homeassistant/#"]) { stage in
            _ = try await stage.registry()
            _ = try await stage.start("metrics-aggregator", "aggregator", ["aggregator.publishSeconds": "0.2"])
            _ = try await stage.edge(
                "gw-north", site: "north", ["edge.homeAssistant.enabled": "true", "edge.energy.interval": "1"])
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
            let device = DeviceID(site: "north", device: "probe-1")
            let inference = try await stage.inference(device, second: 0)
            try await stage.publish(
                .label(device),
                LabelMessage(
                    t: inference.to, id: "truth", from: inference.from - 100, to: inference.to + 100,
                    content: .label("high")
                ).payload)
            let topic = HomeAssistantTopic.config(prefix: "homeassistant", device)
            let description = try await stage.message(named: topic, "its description") {
                try JSONValue(parsing: $0).object?["components"]?.object?["level_inference"] != nil
            }
            _ = try await stage.message(on: .fleetDevice(device), "its score") {
                try FleetDevice(payload: $0).models["level"]?.card.accuracy != nil
            }
            _ = try await stage.message(on: .energy(EdgeID(site: "north", edge: "gw-north")), "its energy") {
                try EnergyMessage(payload: $0).inferences > 0
            }
            _ = try await stage.message(on: .device(device), "what is known of it") { _ in true }
            try await render(stage, description)

            // Chosen there, labelled here.
            try await stage.publish(.select(device, model: "level"), Array("high".utf8))
            try await Task.sleep(for: .milliseconds(50))
            try await stage.publish(.select(device, model: "level"), Array("—".utf8))
            _ = try await stage.message(on: .label(device), "a label") {
                try LabelMessage(payload: $0).id.hasPrefix("select-")
            }
            let retort = ServiceProcess.programs.appendingPathComponent("retort").path
            try await Tool.run(
                retort,
                ["devices", "forget", "north/probe-1", "--broker", "mqtt://127.0.0.1:\(stage.broker.port)"],
                package: "retort")
            _ = try await stage.waiting(for: "nothing is retained for Home Assistant") {
                try await stage.retained("homeassistant/#").isEmpty ? true : nil
            }
            let left = try await stage.retained("retort/v1/#").map(\.topic)
            #expect(!left.contains { $0.contains("/device/") && $0.contains("probe-1") && !$0.contains("/fleet/") })
            #expect(!left.contains { $0.contains("/state/") })
        }
    }

    /// Renders every template on the last message of its topic, as Home Assistant does.
    private func render(_ stage: ServiceStage, _ description: [UInt8]) async throws {
        var last: [String: String] = [:]
        for message in stage.messages { last[message.topic] = String(decoding: message.payload, as: UTF8.self) }
        let file = stage.folder + "/homeassistant.json"
        var topics = JSONObject()
        for (topic, text) in last.sorted(by: { $0.key < $1.key }) { topics[topic] = .string(text) }
        try JSONValue.object(["config": JSONValue(parsing: description), "topics": .object(topics)]).text
            .write(toFile: file, atomically: true, encoding: .utf8)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/render_homeassistant.py").path
        try await Tool.run(Self.python, [script, file], package: "python3")
    }
}
