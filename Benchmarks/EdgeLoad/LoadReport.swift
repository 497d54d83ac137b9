import JSON

/// What came out, as a table for people and rows for programs.
struct LoadReport {
    var ours: [Subject.Rates]
    var peer: [Subject.Rates]

    static let header = "   offered      sent  received   dropped  windows/s  CPU cores  CPU µs/msg  private MB"

    static func line(_ step: Subject.Rates) -> String {
        func column(_ value: Double, _ width: Int, _ places: Int = 0) -> String {
            let text = JSONValue(value, places: places).text
            return String(repeating: " ", count: max(1, width - text.count)) + text
        }
        return column(step.offered, 10) + column(step.sent, 10) + column(step.received, 10)
            + column(step.dropped, 10) + column(step.inferences, 11) + column(step.processors, 11, 2)
            + column(step.processorMicroseconds, 12, 1) + column(Double(step.privateBytes) / 1e6, 12, 1)
            + (step.isSustained ? "" : step.isOffered ? "  did not keep up" : "  the load itself did not keep up")
    }

    /// The step at the highest rate that was sustained.
    static func best(_ steps: [Subject.Rates]) -> Subject.Rates? {
        steps.filter(\.isSustained).max { $0.received < $1.received }
    }

    /// Rows of `case`, `ours`, `peer`, `unit`, `ratio`, `goal`; those that need a peer only where there is one.
    var rows: JSONValue {
        guard let ours = Self.best(ours), let peer = Self.best(peer) else { return .array([]) }
        func row(_ name: String, _ ours: Double, _ peer: Double, _ unit: String, goal: Double) -> JSONValue {
            .object([
                "case": .string(name), "ours": JSONValue(ours, places: 3), "peer": JSONValue(peer, places: 3),
                "unit": .string(unit), "ratio": JSONValue(ours / peer, places: 4), "goal": JSONValue(goal, places: 2),
            ])
        }
        return .array([
            // Less is better in every row, so the rate is told by the time a message takes.
            row(
                "edge: time a telemetry message at the highest sustained rate", 1e6 / ours.received,
                1e6 / peer.received, "µs", goal: 0.2),
            row(
                "edge: processor time a telemetry message", ours.processorMicroseconds, peer.processorMicroseconds,
                "µs", goal: 0.2),
            row(
                "edge: private memory under load", Double(ours.privateBytes) / 1e6,
                Double(peer.privateBytes) / 1e6, "MB", goal: 0.5),
        ])
    }
}
