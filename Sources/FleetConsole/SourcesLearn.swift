import BusAPI
import JSON
import Telemetry

/// Watches what publishers say, and proposes a sources file and a task.
///
/// Synchronous and without I/O. Names, units and timing are guesses from what was seen in the time: a person looks at
/// them before an edge runs by them.
public struct SourcesLearn: Sendable {
    /// Topics, and fields of a topic, that are remembered.
    public static let maximumTopics = 2000
    public static let maximumFields = 200

    /// What one topic's payloads are.
    enum Format: String, Sendable { case json, value, senML = "senml-json", other }

    struct Seen: Sendable {
        let parts: [String]
        var format: Format
        var messages = 0
        var fields: [[String]: LearnedField] = [:]
    }

    let filter: String
    private(set) var topics: [String: Seen] = [:]
    public private(set) var messages = 0
    /// Messages beyond what is remembered, and lines that are none.
    public private(set) var passedOver = 0

    /// - Parameter filter: the MQTT filter that is listened to; its wildcards become captures.
    public init(filter: String) { self.filter = filter }

    /// Takes a line of a recording; one of another topic is passed over.
    public mutating func append(line: String) {
        guard let message = RecordedMessage(line: line), BusFilter.matches(pattern: filter, topic: message.topic) else {
            if !line.isEmpty { passedOver += 1 }
            return
        }
        append(topic: message.topic, payload: message.payload, arrival: message.arrival)
    }

    /// - Parameter arrival: Unix seconds; nothing where that is unknown, as of a retained message.
    public mutating func append(topic: String, payload: [UInt8], arrival: Double?) {
        guard topics[topic] != nil || topics.count < Self.maximumTopics, !payload.isEmpty else {
            passedOver += 1
            return
        }
        messages += 1
        let (format, value) = Self.read(payload)
        var seen =
            topics[topic]
            ?? Seen(
                parts: topic.split(separator: "/", omittingEmptySubsequences: false).map(String.init), format: format)
        if seen.messages > 0, seen.format != format { seen.format = .other }
        seen.messages += 1
        if let value {
            Self.visit(value, []) { path, leaf in
                guard seen.fields[path] != nil || seen.fields.count < Self.maximumFields else { return }
                seen.fields[path, default: LearnedField(path: path)].add(leaf, at: arrival)
            }
        }
        topics[topic] = seen
    }

    private static func read(_ payload: [UInt8]) -> (Format, JSONValue?) {
        guard payload.count <= SourceReader.maximumBytes, let text = String(validating: payload, as: UTF8.self) else {
            return (.other, nil)
        }
        do throws(JSONError) {
            let value = try JSONValue(parsing: payload, maximumDepth: 32, maximumBytes: SourceReader.maximumBytes)
            switch value {
            case .object: return (.json, value)
            case .array(let elements):
                let names = elements.compactMap { $0.object }.filter { $0["n"] != nil || $0["bn"] != nil }
                return names.count == elements.count && !names.isEmpty ? (.senML, value) : (.other, nil)
            case .numbers: return (.other, nil)
            default: return (.value, value)
            }
        } catch {
            // A word alone is no JSON, but a bare value.
            return text.utf8.count <= 64 && !text.contains("{") ? (.value, .string(text)) : (.other, nil)
        }
    }

    /// Every leaf of a document with the way to it; an array is a leaf.
    private static func visit(_ value: JSONValue, _ path: [String], _ body: ([String], JSONValue) -> Void) {
        guard case .object(let object) = value, path.count < 8 else { return body(path, value) }
        for (key, member) in object { visit(member, path + [key], body) }
    }
}
