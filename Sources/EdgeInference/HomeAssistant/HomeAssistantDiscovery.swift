import JSON
import ModelArtifact
import Telemetry

/// Describes a device to Home Assistant: one discovery message for the device with all its entities, which read our own
/// topics by templates.
///
/// - Source: Home Assistant's MQTT integration, "Device discovery payload": `device`, `origin` and `components` are
///   required, and of each component `platform` and `unique_id`.
struct HomeAssistantDiscovery: Sendable {
    /// What stands in a select where nothing is being labelled.
    static let noLabel = "—"

    /// Home Assistant's discovery prefix, `homeassistant` unless changed there.
    let prefix: String
    let topics: TopicSpace
    let edge: EdgeID
    let version: String

    var statusTopic: String { prefix + "/status" }

    func payload(_ device: DeviceID, name: String, hasBattery: Bool, tasks: [TaskDocument]) -> [UInt8] {
        let availability = JSONValue.array([
            .object(["topic": .string(topics.string(.deviceAvailability(device)))]),
            .object(["topic": .string(edgeAvailability)]),
        ])
        var components = JSONObject()
        components["connectivity"] = .object(connectivity(device))
        if hasBattery { components["battery"] = .object(battery(device)) }
        for task in tasks {
            for (key, component) in entities(of: task, device) {
                components["\(task.name)_\(key)"] = .object(component)
            }
        }
        return JSONValue.object([
            "device": .object([
                "identifiers": .array([.string("retort/\(device)")]), "name": .string(name),
                "manufacturer": .string("Retort"), "model": .string("Sensor at \(device.site)"),
            ]),
            "origin": .object(["name": .string("Retort"), "sw_version": .string(version)]),
            "availability": availability, "availability_mode": .string("all"), "components": .object(components),
        ]).bytes
    }

    private var edgeAvailability: String {
        topics.string(.serviceAvailability(executable: "edge-inferencer", instance: edge.edge))
    }

    // MARK: Entities

    private func component(
        _ platform: String, _ device: DeviceID, _ key: String, _ name: String, _ more: JSONObject
    ) -> JSONObject {
        var object: JSONObject = [
            "platform": .string(platform), "unique_id": .string("retort/\(device)/\(key)"), "name": .string(name),
        ]
        for (key, value) in more { object[key] = value }
        return object
    }

    /// Whether the edge hears the device; it is there to say so also when the device is away.
    private func connectivity(_ device: DeviceID) -> JSONObject {
        component(
            "binary_sensor", device, "connectivity", "Connectivity",
            [
                "state_topic": .string(topics.string(.deviceAvailability(device))), "payload_on": .string("online"),
                "payload_off": .string("offline"), "device_class": .string("connectivity"),
                "entity_category": .string("diagnostic"),
                "availability": .array([.object(["topic": .string(edgeAvailability)])]),
            ])
    }

    private func battery(_ device: DeviceID) -> JSONObject {
        component(
            "sensor", device, "battery", "Battery",
            [
                "state_topic": .string(topics.string(.device(device))), "device_class": .string("battery"),
                "unit_of_measurement": .string("%"), "state_class": .string("measurement"),
                "entity_category": .string("diagnostic"),
                "value_template": .string(
                    "{{ value_json.battery.percent if value_json.battery is defined else None }}"),
            ])
    }

    private func entities(of task: TaskDocument, _ device: DeviceID) -> [(String, JSONObject)] {
        let inferences: JSONObject = [
            "state_topic": .string(topics.string(.inference(device, model: task.name))),
            "expire_after": .integer(Int64(Self.expiry(of: task))),
        ]
        func sensor(_ key: String, _ name: String, _ base: JSONObject, _ template: String, _ more: JSONObject = [:])
            -> (String, JSONObject)
        {
            var object = base
            object["value_template"] = .string("{{ \(template) }}")
            for (key, value) in more { object[key] = value }
            return (key, component("sensor", device, "\(task.name)/\(key)", "\(task.name) \(name)", object))
        }
        let percent: JSONObject = ["unit_of_measurement": .string("%"), "state_class": .string("measurement")]
        let diagnostic: JSONObject = ["entity_category": .string("diagnostic")]
        var list: [(String, JSONObject)] = []
        switch task.kind {
        case .classification:
            list.append(
                sensor(
                    "inference", "inference", inferences, "value_json.label",
                    [
                        "device_class": .string("enum"),
                        "options": .array(task.classes.map { .string($0.name) }),
                    ]))
            list.append(
                sensor(
                    "confidence", "confidence", inferences, "(value_json.confidence * 100) | round(1)", percent))
            list.append(("label", select(task, device)))
        case .regression:
            list.append(
                sensor(
                    "inference", task.target?.name ?? "value", inferences, "value_json.value",
                    ["unit_of_measurement": .string(task.target?.unit ?? ""), "state_class": .string("measurement")]))
        case .multiHead:
            for head in task.heads {
                let said = "value_json.heads['\(head.name)']"
                list.append(
                    sensor(
                        "inference_\(head.name)", head.name, inferences, "\(said).label",
                        [
                            "device_class": .string("enum"),
                            "options": .array(head.classes.map { .string($0.name) }),
                        ]))
                list.append(
                    sensor(
                        "confidence_\(head.name)", "\(head.name) confidence", inferences,
                        "(\(said).confidence * 100) | round(1)", percent))
            }
        }
        list.append(sensor("version", "model version", inferences, "value_json.version", diagnostic))
        let scores: JSONObject = ["state_topic": .string(topics.string(.fleetDevice(device)))]
        let model = "value_json.models['\(task.name)']"
        list.append(
            sensor(
                "accuracy", "accuracy", scores,
                "(\(model).accuracy.value * 100) | round(1) if \(model) is defined and \(model).accuracy is defined "
                    + "else None",
                percent.merging(diagnostic)))
        let joule: JSONObject = ["unit_of_measurement": .string("J")]
        let joules: JSONObject = ["state_topic": .string(topics.string(.energy(edge)))]
        list.append(
            sensor(
                "joules", "energy per inference", joules,
                "value_json.joules.compute.value / value_json.inferences if value_json.inferences > 0 and "
                    + "value_json.joules.compute is defined else None",
                joule.merging(diagnostic)))
        return list
    }

    /// Says what the device is doing now, from the choice until the next one.
    private func select(_ task: TaskDocument, _ device: DeviceID) -> JSONObject {
        component(
            "select", device, "\(task.name)/label", "\(task.name) label",
            [
                "command_topic": .string(topics.string(.select(device, model: task.name))),
                "options": .array(([Self.noLabel] + task.classes.map(\.name)).map(JSONValue.string)),
                "state_topic": .string(topics.string(.device(device))), "entity_category": .string("config"),
                "value_template": .string(
                    "{{ value_json.labelling['\(task.name)'] if value_json.labelling is defined and "
                        + "value_json.labelling['\(task.name)'] is defined else '\(Self.noLabel)' }}"),
                "qos": .integer(1),
            ])
    }

    /// Seconds after which a decision is of the past: several windows have not come.
    static func expiry(of task: TaskDocument) -> Int {
        Int(max(60, (5 * Double(task.step) / task.rate).rounded(.up)))
    }
}

extension JSONObject {
    fileprivate func merging(_ other: JSONObject) -> JSONObject {
        var object = self
        for (key, value) in other { object[key] = value }
        return object
    }
}
