import BusAPI
import Foundation
import JSON
import Telemetry
import Testing

/// Publishers that know nothing of Retort, a real broker and the real edge.
@Suite("Other publishers' sensors end to end", .serialized)
struct PublisherTests {
    private static let mapping = #"""
        {"format":1,"sources":[
        {"name":"zigbee2mqtt","topic":"zigbee2mqtt/{device+}","ignore":["zigbee2mqtt/bridge/#"],"decoder":"json",
        "battery":{"path":"battery"},"channels":[
        {"name":"a","path":"level","timing":"on-change","longestSilence":600},
        {"name":"b","path":"contact","timing":"on-change","longestSilence":600}]},
        {"name":"esphome","topic":"{device}/sensor/{sensor}/state","decoder":"value","key":"{sensor}","channels":[
        {"name":"a","path":"level","unit":"mV","timing":"on-change","longestSilence":600},
        {"name":"b","path":"other","timing":"on-change","longestSilence":600}]}]}
        """#

    @Test("A zigbee2mqtt and a topic-per-channel publisher both get inferences, under names people know them by")
    func inferences() async throws {
        try await ServiceStage.with { stage in
            let file = stage.folder + "/sources.json"
            try Self.mapping.write(toFile: file, atomically: true, encoding: .utf8)
            _ = try await stage.registry()
            // Said before the edge is there: retained, and so of some other time.
            try await stage.publish(foreign: "zigbee2mqtt/stale", #"{"level":1,"contact":false}"#, retained: true)
            _ = try await stage.edge("gw-north", site: "north", ["edge.sources": file])
            // A second edge of another site with the same file.
            _ = try await stage.edge("gw-south", site: "south", ["edge.sources": file])
            _ = try await stage.offer(weight: 10)
            for edge in [EdgeID(site: "north", edge: "gw-north"), EdgeID(site: "south", edge: "gw-south")] {
                _ = try await stage.running(1, edge)
            }
            try await stage.publish(
                foreign: "zigbee2mqtt/Living Room/window", #"{"level":1,"contact":false,"battery":42}"#)
            try await stage.publish(foreign: "esp-hall/sensor/level/state", "-1000")
            try await stage.publish(foreign: "esp-hall/sensor/other/state", "0")
            for (name, label) in [("living-room-window", "high"), ("esp-hall", "low")] {
                let device = DeviceID(site: "north", device: name)
                let inference = try InferenceMessage(
                    payload: try await stage.message(
                        on: .inference(device, model: HandmadeStudent.model), "an inference on \(name)"
                    ) { _ in true })
                guard case .label(let decided, _, _) = inference.decision else {
                    Issue.record("no label")
                    continue
                }
                #expect(decided == label && inference.edge == "gw-north" && inference.filledChannels.isEmpty)
                _ = try await stage.message(on: .deviceAvailability(device), "\(name) is online") {
                    $0 == Array("online".utf8)
                }
            }
            let known = try DeviceMessage(
                payload: try await stage.message(
                    on: .device(DeviceID(site: "north", device: "living-room-window")), "what is known of it"
                ) { _ in true })
            #expect(known.name == "Living Room/window" && known.battery?.percent == 42)
            #expect(known.source == "zigbee2mqtt")
            try await stage.publish(foreign: "zigbee2mqtt/broken", "{")
            _ = try await stage.message(on: .reject(executable: "edge-inferencer"), "a refusal") {
                try RejectMessage(payload: $0).topic == "zigbee2mqtt/broken"
            }
            // Both edges took the publishers for their own site's, and say so.
            let status = try await stage.status("edge-inferencer", "gw-north", "the shared publishers") {
                $0.details["sharedSources"]?.elements?.compactMap(\.string) == ["gw-south"]
            }
            #expect(status.counters["stale"] ?? 0 >= 1)
            #expect(!stage.messages.contains { $0.topic.hasSuffix("availability/device/north/stale") })
        }
    }
}
