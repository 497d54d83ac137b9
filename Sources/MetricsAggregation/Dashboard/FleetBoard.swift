import BusAPI
import JSON
import ModelArtifact
import Telemetry

/// The newest message of every topic that says how the fleet is, as pages are given it.
///
/// Synchronous; its owner guards it.
struct FleetBoard {
    /// Largest payload that is held, in bytes.
    static let payloadLimit = 256 << 10

    private let root: String
    private let limit: Int
    /// `{"at", "payload"}` as text, by the levels below the root; `at` is when it came, by our clock.
    private var entries: [String: [UInt8]] = [:]
    private var changed: Set<String> = []
    /// Messages left out for want of room or because they are no JSON.
    private(set) var leftOut = 0

    init(root: String, limit: Int) {
        self.root = root
        self.limit = limit
    }

    /// What to subscribe to.
    static func filters(_ topics: TopicSpace) -> [BusFilter] {
        [
            topics.filter("availability", "service", "+", "+"), topics.filter("availability", "device", "+", "+"),
            topics.filter("status", "+", "+"), topics.filter("device", "+", "+"), topics.filter("energy", "+", "+"),
            topics.filter("fleet", "#"), topics.filter("accuracy", "+", "+"), topics.filter("alert", "#"),
            topics.filter("model", "+", "task"), topics.filter("model", "+", "release", "+"),
            topics.filter("model", "+", "installed", "+", "+"), topics.filter("job", "+", "progress"),
        ].map { BusFilter($0) }
    }

    var count: Int { entries.count }

    /// Takes a message; an empty one takes back what was there.
    mutating func take(_ message: BusMessage, now: Double) {
        guard message.topic.hasPrefix(root + "/") else { return }
        let topic = String(message.topic.dropFirst(root.utf8.count + 1))
        guard !message.payload.isEmpty else {
            if entries.removeValue(forKey: topic) != nil { changed.insert(topic) }
            return
        }
        guard message.payload.count <= Self.payloadLimit, entries[topic] != nil || entries.count < limit,
            let payload = Self.payload(topic, message.payload)
        else {
            leftOut += 1
            return
        }
        entries[topic] = JSONValue.object(["at": .time(now), "payload": payload]).bytes
        changed.insert(topic)
    }

    /// Availability is a bare word.
    private static func payload(_ topic: String, _ bytes: [UInt8]) -> JSONValue? {
        if topic.hasPrefix("availability/") { return .string(String(decoding: bytes.prefix(64), as: UTF8.self)) }
        // What is no JSON is no message of ours; whoever it is meant for says so on reject/.
        do { return try JSONValue(parsing: bytes, maximumBytes: payloadLimit) } catch { return nil }
    }

    /// Everything, as a page begins: an object of topics, as text.
    var snapshot: [UInt8] { json(entries.keys) }

    /// What came since the last call; what was taken back is null.
    mutating func takeChanges() -> [UInt8]? {
        guard !changed.isEmpty else { return nil }
        defer { changed = [] }
        return json(changed)
    }

    private func json(_ topics: some Sequence<String>) -> [UInt8] {
        var text = Array("{".utf8)
        for topic in topics {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text += JSONValue.string(topic).bytes
            text.append(UInt8(ascii: ":"))
            text += entries[topic] ?? Array("null".utf8)
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// The tasks that can be read.
    var tasks: [TaskDocument] {
        entries.filter { $0.key.hasPrefix("model/") && $0.key.hasSuffix("/task") }.compactMap { entry in
            // One that cannot be read is said on reject/ by those it is meant for.
            do {
                return try TaskDocument(
                    json: JSONObjectReader(JSONValue(parsing: entry.value)).object["payload"] ?? .null)
            } catch { return nil }
        }
    }
}
