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
        steps.filter(\.isSustained).max { $0.handled < $1.handled }
    }

    /// Rows of `case`, `ours`, `peer`, `unit`, `ratio`, `goal`; none where there is no peer.
    ///
    /// Less is better in every row, so the rate is told by the time between two messages.
    var rows: JSONValue {
        guard let ours = Self.best(ours), let peer = Self.best(peer) else { return .array([]) }
        func row(_ name: String, _ ours: Double, _ peer: Double, _ unit: String) -> JSONValue {
            .object([
                "case": .string("edge: " + name), "ours": JSONValue(ours, places: 3),
                "peer": JSONValue(peer, places: 3), "unit": .string(unit),
                "ratio": JSONValue(ours / peer, places: 4), "goal": JSONValue(Self.goal, places: 2),
            ])
        }
        var rows = [
            row("time between messages at the highest sustained rate", 1e6 / ours.handled, 1e6 / peer.handled, "µs"),
            row(
                "processor time a message at that rate", ours.processorMicroseconds, peer.processorMicroseconds, "µs"),
        ]
        if let (ours, peer) = atOneRate {
            rows.append(
                row(
                    "private memory at \(Int(ours.offered)) messages a second", Double(ours.privateBytes) / 1e6,
                    Double(peer.privateBytes) / 1e6, "MB"))
        }
        return .array(rows)
    }

    /// An edge is to need at most half of what the same in Python does.
    private static let goal = 0.5

    /// The highest rate that both sustained.
    private var atOneRate: (ours: Subject.Rates, peer: Subject.Rates)? {
        for step in peer.filter(\.isSustained).sorted(by: { $0.offered > $1.offered }) {
            if let mine = ours.first(where: { $0.offered == step.offered && $0.isSustained }) { return (mine, step) }
        }
        return nil
    }
}
