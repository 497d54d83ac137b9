import JSON
import LoadTesting

/// What came out, as a table for people and rows for programs.
struct AggregationReport: Sendable {
    /// Counters and use of one moment.
    struct Reading: Sendable {
        var time = ContinuousClock.now
        var sent: Int
        var counted: Int
        var usage: ProcessUsage

        init(sent: Int, counted: Int, process: Int32) throws {
            self.sent = sent
            self.counted = counted
            usage = try ProcessUsage(of: process)
        }
    }

    /// What happened between two readings.
    struct Step: Sendable {
        var offered: Double
        var sent: Double
        var counted: Double
        /// Decisions that were not counted yet.
        var behind: Int
        /// Processor seconds a second: 1 is one core.
        var processors: Double
        var residentBytes: Int
        var privateBytes: Int

        init(offered: Double, from first: Reading, to second: Reading) {
            let seconds = (second.time - first.time) / .seconds(1)
            self.offered = offered
            sent = Double(second.sent - first.sent) / seconds
            counted = Double(second.counted - first.counted) / seconds
            behind = second.sent - second.counted
            processors = (second.usage.processorSeconds - first.usage.processorSeconds) / seconds
            residentBytes = second.usage.residentBytes
            privateBytes = second.usage.privateBytes
        }

        /// The count is told once a second, hence the share of one second's decisions.
        var isSustained: Bool { sent > 0.95 * offered && counted > 0.93 * sent }
        var processorMicroseconds: Double { processors / max(counted, 1) * 1e6 }
    }

    let devices: Int
    let rate: Double
    var decisions = 0
    var queries: [WeekQueries.Result] = []
    var steps: [Step] = []
    var peer: [Step] = []

    static let header = "   offered      sent   counted    behind  CPU cores  CPU µs/decision  resident MB  private MB"

    static func line(_ step: Step) -> String {
        func column(_ value: Double, _ width: Int, _ places: Int = 0) -> String {
            let text = JSONValue(value, places: places).text
            return String(repeating: " ", count: max(1, width - text.count)) + text
        }
        return column(step.offered, 10) + column(step.sent, 10) + column(step.counted, 10)
            + column(Double(step.behind), 10) + column(step.processors, 11, 2)
            + column(step.processorMicroseconds, 17, 1) + column(Double(step.residentBytes) / 1e6, 13, 1)
            + column(Double(step.privateBytes) / 1e6, 12, 1) + (step.isSustained ? "" : "  did not keep up")
    }

    private func mean(_ value: (Step) -> Double) -> Double {
        steps.reduce(0) { $0 + value($1) } / Double(max(1, steps.count))
    }

    /// Growth of private memory from the end of the first fifth to the end, by the least-squares line; bytes.
    var growth: Double {
        let tail = steps.dropFirst(steps.count / 5).map { Double($0.privateBytes) }
        guard tail.count > 1 else { return 0 }
        let middle = Double(tail.count - 1) / 2
        let mean = tail.reduce(0, +) / Double(tail.count)
        var top = 0.0
        var bottom = 0.0
        for (index, value) in tail.enumerated() {
            top += (Double(index) - middle) * (value - mean)
            bottom += (Double(index) - middle) * (Double(index) - middle)
        }
        return top / bottom * Double(tail.count - 1)
    }

    private var best: Step? { peer.filter(\.isSustained).max { $0.counted < $1.counted } }

    var conclusion: String {
        var lines = [
            "",
            "\(decisions) decisions counted exactly; at \(Int(mean(\.counted))) a second "
                + "\(JSONValue(mean(\.processors), places: 2).text) cores; private memory along the line "
                + "\(growth < 0 ? "" : "+")\(JSONValue(growth / 1e6, places: 1).text) MB",
        ]
        if let best {
            lines.append(
                "paho-mqtt and sqlite3 keep up with \(Int(best.counted)) a second at "
                    + "\(JSONValue(best.processorMicroseconds, places: 1).text) µs a decision")
        }
        return lines.joined(separator: "\n")
    }

    /// Rows of `case`, `ours`, `peer`, `unit`, `ratio`, `goal`; the peer of a figure without one is its limit.
    var rows: JSONValue {
        func row(_ name: String, _ ours: Double, _ peer: Double, _ unit: String, goal: Double) -> JSONValue {
            .object([
                "case": .string("aggregation: " + name), "ours": JSONValue(ours, places: 3),
                "peer": JSONValue(peer, places: 3), "unit": .string(unit),
                "ratio": JSONValue(ours / peer, places: 4), "goal": JSONValue(goal, places: 2),
            ])
        }
        var rows = [
            row("processors at \(Int(rate)) decisions a second", mean(\.processors), 1, "cores", goal: 1),
            row("growth of private memory", max(0, growth / 1e6), 16, "MB", goal: 1),
        ]
        rows += queries.map { row("a week of \(devices) devices: \($0.name)", $0.p95, 100, "ms", goal: 1) }
        if let best {
            rows.append(
                row(
                    "processor time a decision", mean(\.processorMicroseconds), best.processorMicroseconds, "µs",
                    goal: 0.5))
        }
        return .array(rows)
    }
}
