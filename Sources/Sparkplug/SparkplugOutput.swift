import BusAPI
import JSON
import ServiceRuntime
import Telemetry

/// Where and how the bridge publishes: flat telemetry on a topic made of names.
struct SparkplugOutput: Sendable, Equatable {
    private static let names = ["{group}", "{node}", "{device}"]

    private let template: String

    /// - Throws: `ConfigurationError` where the template makes no topic that tells devices apart.
    init(_ template: String) throws(ConfigurationError) {
        func fault(_ reason: String) -> ConfigurationError {
            ConfigurationError(key: "sparkplug.topic", "sparkplug.topic: \(reason)")
        }
        var rest = template
        for name in Self.names {
            rest = rest.split(separator: name, omittingEmptySubsequences: false).joined(separator: "x")
        }
        guard BusFilter.isValidTopic(rest), !rest.contains("{"), !rest.contains("}") else {
            throw fault("\"\(template)\" makes no topic; write text and {group}, {node}, {device}")
        }
        guard template.contains("{node}"), template.contains("{device}") else {
            throw fault("{node} and {device} are needed, or devices would be mixed")
        }
        guard !template.hasPrefix(SparkplugTopic.namespace + "/") else {
            throw fault("must not lie under \(SparkplugTopic.namespace)/, where the bridge listens")
        }
        self.template = template
    }

    /// Some names have a meaning of their own in telemetry.
    private static func key(_ name: String) -> String {
        ["t", "dt", "seq", "values", "online"].contains(name) ? "metric/" + name : name
    }

    /// The message of an update; nothing where it says nothing.
    func message(_ update: SparkplugReader.Update) -> BusMessage? {
        var object = JSONObject()
        object["t"] = update.t.map(JSONValue.time)
        for (name, value) in update.values.sorted(by: { $0.key < $1.key }) {
            object[Self.key(name)] = JSONValue(exactly: value)
        }
        for name in update.lost { object[Self.key(name)] = .null }
        if let isOnline = update.isOnline { object["online"] = .bool(isOnline) }
        guard !update.values.isEmpty || update.isOnline != nil else { return nil }
        var topic = template
        for (name, value) in [
            ("{group}", update.node.group), ("{node}", update.node.node), ("{device}", update.device ?? "node"),
        ] {
            // Topics of ours want slugs; the edge's sources file does the same to other names.
            let isOurs = template.contains("/telemetry/")
            topic = topic.split(separator: name, omittingEmptySubsequences: false)
                .joined(separator: isOurs && !Slug.isValid(value) ? Slug.make(value) : value)
        }
        return BusMessage(topic: topic, payload: JSONValue.object(object).bytes, contentType: "application/json")
    }
}
