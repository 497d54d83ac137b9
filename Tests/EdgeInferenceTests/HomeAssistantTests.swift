import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("Devices in Home Assistant", .serialized) struct HomeAssistantTests {
    private static let device = DeviceID(site: "north", device: "wrist_7.b")
    private static let on = ["edge.homeAssistant.enabled": "true"]

    private func tasks() -> [TaskDocument] {
        var regression = TinyStudent.task(name: "co2")
        regression.kind = .regression
        regression.classes = []
        regression.target = .init(name: "co2", unit: "ppm")
        var heads = TinyStudent.task(name: "rig")
        heads.kind = .multiHead
        heads.classes = []
        heads.heads = [
            .init(name: "valve", classes: [.init(name: "ok"), .init(name: "worn")]),
            .init(name: "pump", classes: [.init(name: "ok"), .init(name: "leaks")]),
        ]
        return [TinyStudent.task(), regression, heads]
    }

    private func config(_ payload: [UInt8]) throws -> JSONObject {
        try #require(try JSONValue(parsing: payload).object)
    }

    @Test("A description has every key that Home Assistant's discovery documentation requires")
    func requiredKeys() throws {
        let discovery = HomeAssistantDiscovery(
            prefix: "homeassistant", topics: TopicSpace(), edge: EdgeFixture.edge, version: "1")
        let config = try config(
            discovery.payload(Self.device, name: "Wrist #7", hasBattery: true, tasks: tasks()))
        // Device discovery: device with identifiers or connections, origin with a name, components.
        let device = try #require(config["device"]?.object)
        #expect(device["identifiers"]?.elements?.isEmpty == false && device["name"]?.string == "Wrist #7")
        #expect(config["origin"]?.object?["name"]?.string == "Retort")
        let components = try #require(config["components"]?.object)
        // Of each component its platform, of an entity its unique id; then what the platform's page says.
        let required = [
            "sensor": ["state_topic"], "binary_sensor": ["state_topic"], "select": ["command_topic", "options"],
        ]
        var ids: Set<String> = []
        for (key, value) in components {
            let component = try #require(value.object)
            let platform = try #require(component["platform"]?.string)
            #expect(ids.insert(try #require(component["unique_id"]?.string)).inserted, "\(key)")
            for name in try #require(required[platform]) { #expect(component[name] != nil, "\(key): \(name)") }
            // An enumeration has options and neither unit nor state class.
            if component["device_class"]?.string == "enum" {
                #expect(component["options"]?.elements?.count == 2 && component["unit_of_measurement"] == nil)
                #expect(component["state_class"] == nil)
            }
            if component["state_topic"]?.string?.contains("/inference/") == true {
                #expect(component["expire_after"]?.integer == 60, "\(key)")
            }
        }
        let keys = Set(components.keys)
        for key in [
            "connectivity", "battery", "level_inference", "level_confidence", "level_version", "level_accuracy",
            "level_joules", "level_label", "co2_inference", "rig_inference_valve", "rig_confidence_pump",
        ] { #expect(keys.contains(key), "\(key)") }
        // Only classes can be chosen.
        #expect(!keys.contains("co2_label") && !keys.contains("rig_label"))
        #expect(
            components["level_label"]?.object?["options"]?.elements?.compactMap(\.string) == ["—", "low", "high"])
        // Home Assistant allows letters, digits, _ and - in a topic's parts; other names stay apart.
        #expect(
            HomeAssistantTopic.config(prefix: "homeassistant", Self.device)
                == "homeassistant/device/retort_north/wrist__7_-b/config")
    }

    @Test("It is off unless switched on")
    func off() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.wait("the edge looked at its devices") {
                !fixture.broker.published(matching: "retort/v1/device/#").isEmpty
            }
            #expect(fixture.broker.published(matching: "homeassistant/#").isEmpty)
        }
    }

    @Test("Devices are described when heard, again when Home Assistant starts, and no more once forgotten")
    func life() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(Self.on) { edge in
            try await fixture.waitForTask(edge)
            let topic = HomeAssistantTopic.config(
                prefix: "homeassistant", DeviceID(site: "north", device: "train-1"))
            try await fixture.telemetry("train-1", second: 0, level: 1)
            try await fixture.wait("a description with the task's entities") {
                guard let message = fixture.broker.retained[topic] else { return false }
                return try config(message.payload)["components"]?.object?["level_inference"] != nil
            }
            let count = fixture.broker.published(matching: topic).count
            try await fixture.world.publish(BusMessage(topic: "homeassistant/status", text: "offline"))
            try await fixture.world.publish(BusMessage(topic: "homeassistant/status", text: "online"))
            try await fixture.wait("it is said again") {
                fixture.broker.published(matching: topic).count == count + 1
            }
            let known = DeviceID(site: "north", device: "train-1")
            try await fixture.wait("it is known") {
                fixture.broker.retained[fixture.topics.string(.device(known))] != nil
            }
            // What `retort devices forget` does.
            try await fixture.send(.device(known), [], retained: true)
            try await fixture.wait("nothing is retained of it") {
                !fixture.broker.retained.keys.contains { $0.contains("train-1") || $0 == topic }
            }
            try await fixture.telemetry("train-1", second: 60, level: 1)
            try await fixture.wait("one that speaks on is new") { fixture.broker.retained[topic] != nil }
        }
    }

    @Test("A choice labels from then until the next one, in the device's time; what is no class is refused")
    func choice() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run(Self.on) { edge in
            try await fixture.waitForTask(edge)
            let device = DeviceID(site: "north", device: "train-1")
            func choose(_ text: String, model: String = "level") async throws {
                try await fixture.send(.select(device, model: model), Array(text.utf8))
            }
            func labels() throws -> [LabelMessage] { try fixture.published(LabelMessage.self, "label/#") }
            // Its clock is 100 s ahead.
            let ahead = Int(fixture.clock.now - TestClock.start) + 100
            try await fixture.telemetry(device.device, second: ahead, level: 1)
            try await fixture.wait("it is heard") {
                fixture.broker.retained[fixture.topics.string(.deviceAvailability(device))] != nil
            }
            try await choose("high")
            let topic = fixture.topics.string(.device(device))
            try await fixture.wait("the choice is shown") {
                guard let message = fixture.broker.retained[topic] else { return false }
                return try DeviceMessage(payload: message.payload).labelling == ["level": "high"]
            }
            let began = fixture.clock.now
            fixture.clock.advance(40)
            try await fixture.wait("it is said while it goes on") { try labels().count == 1 }
            try await choose("low")
            try await fixture.wait("the first ends") { try labels().count >= 2 }
            try await choose("—")
            try await fixture.wait("the second ends") { try labels().contains { $0.content == .label("low") } }
            let said = try labels()
            let high = said.filter { $0.content == .label("high") }
            #expect(Set(high.map(\.id)).count == 1 && high.count >= 2)
            let last = try #require(high.last)
            #expect(abs(last.from - (began + 100)) < 2 && abs(last.to - last.from - 40) < 2)
            try await fixture.wait("nothing is chosen") {
                guard let message = fixture.broker.retained[topic] else { return false }
                return try DeviceMessage(payload: message.payload).labelling.isEmpty
            }
            try await choose("medium")
            try await fixture.waitForRejection("label")
            try await choose("high", model: "other")
            try await fixture.waitForRejection("device")
        }
    }

    @Test("A choice that was forgotten ends at its limit")
    func limit() {
        var selection = LabelSelection(limit: 100)
        let device = DeviceID(site: "n", device: "d")
        #expect(selection.choose("a", model: "m", device: device, skew: 0, now: 1000) == nil)
        #expect(selection.due(skew: 0, now: 1010).isEmpty)
        #expect(selection.due(skew: 5, now: 1040).map(\.to) == [1045])
        #expect(selection.due(skew: 0, now: 1500).map(\.to) == [1100])
        #expect(selection.choices.isEmpty && selection.due(skew: 0, now: 2000).isEmpty)
    }
}
