public import JSON
public import ModelArtifact
import Telemetry

/// Devices and models of a fleet, as tables for people and JSON for programs.
public enum FleetTables {
    public static func devices(_ fleet: FleetView) -> TextTable {
        var table = TextTable([
            ("DEVICE", .left), ("STATE", .left), ("MODEL", .left), ("VERSION", .right), ("DECISION", .left),
            ("CONFIDENCE", .right), ("WINDOWS", .right), ("SCORED", .right), ("ACCURACY", .right),
        ])
        for (id, device) in fleet.devices.sorted(by: { $0.key < $1.key }) {
            if device.models.isEmpty {
                table.append([id.description, device.state.rawValue, "", "", "", "", "", "", ""])
            }
            for (name, model) in device.models.sorted(by: { $0.key < $1.key }) {
                table.append([
                    id.description, device.state.rawValue, name, "\(model.version)", decision(model),
                    model.confidence.map(Quantity.percent) ?? "", "\(model.card.windows)", "\(model.card.scored)",
                    model.card.accuracy.map { Quantity.percent($0.value) } ?? model.card.errors.map(Quantity.errors)
                        ?? "",
                ])
            }
        }
        return table
    }

    static func decision(_ model: FleetDevice.Model) -> String {
        if let label = model.label { return label }
        if !model.heads.isEmpty {
            return model.heads.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ")
        }
        return model.value.map { "\(Quantity.number($0)) \(model.unit ?? "")" } ?? ""
    }

    public static func devicesJSON(_ fleet: FleetView) -> JSONValue {
        .array(
            fleet.devices.sorted { $0.key < $1.key }.map { id, device in
                var object: JSONObject = ["site": .string(id.site), "device": .string(id.device)]
                for (key, value) in device.json.object ?? [:] { object[key] = value }
                return .object(object)
            })
    }

    /// One row a version; a task without one has a row of its own.
    public static func models(_ fleet: FleetView, tasks: [TaskDocument]) -> TextTable {
        var table = TextTable([
            ("MODEL", .left), ("VERSION", .right), ("PARAMETERS", .right), ("BYTES", .right), ("EDGES", .left),
            ("SCORED", .right), ("ACCURACY", .left), ("TEACHER", .right), ("JOULES/INFERENCE", .left),
        ])
        for name in names(fleet, tasks) {
            let versions = versions(of: name, fleet)
            if versions.isEmpty { table.append([name, "none", "", "", "", "", "", "", ""]) }
            for version in versions {
                let key = FleetView.ModelVersion(model: name, version: version)
                let score = fleet.accuracy[key]
                let edges = edges(running: key, fleet)
                table.append([
                    name, "\(version)", fleet.releases[key].map { "\($0.parameters)" } ?? "",
                    fleet.releases[key].map { "\($0.size)" } ?? "", edges.joined(separator: " "),
                    score.map { "\($0.scored)" } ?? "",
                    score?.accuracy.map(Quantity.share) ?? score?.errors.map(Quantity.errors) ?? "",
                    score?.teacher?.accuracy.map { Quantity.percent($0.value) }
                        ?? score?.teacher?.errors.map(Quantity.errors) ?? "",
                    score?.joulesPerInference.map { "\(Quantity.joules($0)) (\($0.method.rawValue))" } ?? "",
                ])
            }
        }
        return table
    }

    public static func modelsJSON(_ fleet: FleetView, tasks: [TaskDocument]) -> JSONValue {
        .array(
            names(fleet, tasks).map { name in
                var object: JSONObject = ["model": .string(name)]
                object["task"] = tasks.first { $0.name == name }?.json
                object["versions"] = .array(
                    versions(of: name, fleet).map { version in
                        let key = FleetView.ModelVersion(model: name, version: version)
                        var entry: JSONObject = ["version": .integer(Int64(version))]
                        entry["release"] = fleet.releases[key]?.json
                        entry["edges"] = .array(edges(running: key, fleet).map(JSONValue.string))
                        entry["accuracy"] = fleet.accuracy[key]?.json
                        return .object(entry)
                    })
                return .object(object)
            })
    }

    private static func names(_ fleet: FleetView, _ tasks: [TaskDocument]) -> [String] {
        Set(fleet.models + tasks.map(\.name)).sorted()
    }

    private static func versions(of model: String, _ fleet: FleetView) -> [Int] {
        let known = Array(fleet.releases.keys) + Array(fleet.accuracy.keys)
        let running = fleet.installed.filter { $0.key.model == model }.compactMap(\.value.running)
        return Set(known.filter { $0.model == model }.map(\.version) + running).sorted()
    }

    private static func edges(running key: FleetView.ModelVersion, _ fleet: FleetView) -> [String] {
        fleet.installed.filter { $0.key.model == key.model && $0.value.running == key.version }
            .map(\.key.edge.description).sorted()
    }
}
