import BusAPI
import JSON

/// What one update of a fleet took.
struct UpdateCost: Sendable {
    struct Traffic: Sendable {
        var messages = 0
        var bytes = 0

        mutating func add(_ message: BusMessage) {
            messages += 1
            bytes += message.topic.utf8.count + message.payload.count
        }
    }

    var edges: Int
    /// Distinct (base, target) pairs.
    var bases: Int
    /// What the registry published: each message once, as the broker fans it out.
    var chunks: Traffic
    var offers: Traffic
    var metadata: Traffic
    /// What edges asked.
    var needs: Int
    /// From the candidate's first byte to the report of the last edge.
    var seconds: Double
    var residentBytes: Int
    var privateBytes: Int
    var processorSeconds: Double

    var messages: Int { chunks.messages + offers.messages + metadata.messages }
    var bytes: Int { chunks.bytes + offers.bytes + metadata.bytes }

    static let header =
        "  edges  pairs  chunks  messages     bytes   needs  seconds  CPU s  resident MB  private MB"

    var line: String {
        func column(_ value: Double, _ width: Int, _ places: Int = 0) -> String {
            let text = JSONValue(value, places: places).text
            return String(repeating: " ", count: max(1, width - text.count)) + text
        }
        return column(Double(edges), 7) + column(Double(bases), 7) + column(Double(chunks.messages), 8)
            + column(Double(messages), 10) + column(Double(bytes), 10) + column(Double(needs), 8)
            + column(seconds, 9, 1) + column(processorSeconds, 7, 2) + column(Double(residentBytes) / 1e6, 13, 1)
            + column(Double(privateBytes) / 1e6, 12, 1)
    }

    // MARK: Comparison

    private static func find(_ costs: [UpdateCost], _ edges: Int?, _ bases: Int?) -> UpdateCost? {
        costs.first { $0.edges == edges && $0.bases == bases }
    }

    /// How the cost grows, in words.
    static func comparison(_ costs: [UpdateCost]) -> String {
        rows(costs).elements?.compactMap { row in
            guard let row = row.object, let name = row["case"]?.string, let ratio = row["ratio"] else { return nil }
            return "\(name): \(ratio.text) times (at most \(row["goal"]?.text ?? "?"))"
        }.joined(separator: "\n") ?? ""
    }

    /// Rows of `case`, `ours`, `peer`, `unit`, `ratio`, `goal`. The peer is the same registry with fewer edges or pairs.
    static func rows(_ costs: [UpdateCost]) -> JSONValue {
        let (edges, bases) = (Set(costs.map(\.edges)).sorted(), Set(costs.map(\.bases)).sorted())
        var rows: [JSONValue] = []
        func add(_ name: String, _ ours: Double, _ peer: Double, _ unit: String, _ goal: Double) {
            rows.append(
                .object([
                    "case": .string("registry: " + name), "ours": JSONValue(ours, places: 2),
                    "peer": JSONValue(peer, places: 2), "unit": .string(unit),
                    "ratio": JSONValue(ours / max(peer, 1e-9), places: 3), "goal": JSONValue(goal, places: 2),
                ]))
        }
        guard let few = edges.first, let many = edges.last, let one = bases.first, let several = bases.last else {
            return .array([])
        }
        for pairs in bases where few < many {
            guard let small = find(costs, few, pairs), let large = find(costs, many, pairs) else { continue }
            let name = "\(many) edges against \(few), \(pairs) pair\(pairs == 1 ? "" : "s")"
            // Edges are not in this: as good as constant. A late edge may have a chunk sent once more.
            add("messages sent, " + name, Double(large.messages), Double(small.messages), "", 1.5)
            add("bytes sent, " + name, Double(large.bytes), Double(small.bytes), "B", 1.5)
        }
        if one < several, let single = find(costs, many, one), let more = find(costs, many, several) {
            let goal = Double(several) / Double(one) * 1.5
            add(
                "bytes of chunks sent, \(several) pairs against \(one), \(many) edges", Double(more.chunks.bytes),
                Double(single.chunks.bytes), "B", goal)
        }
        if let worst = find(costs, many, several) {
            add("seconds until all \(many) edges have it, against 30", worst.seconds, 30, "s", 1)
            add("private memory with \(many) edges, against 64 MB", Double(worst.privateBytes) / 1e6, 64, "MB", 1)
        }
        return .array(rows)
    }
}
