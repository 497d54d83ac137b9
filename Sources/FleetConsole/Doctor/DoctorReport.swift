public import JSON

/// All that a check-up found.
public struct DoctorReport: Sendable, Equatable {
    public var findings: [DoctorFinding]
    /// The broker's address, without a password.
    public var broker: String
    /// Unix seconds.
    public var t: Double

    public var worst: DoctorFinding.Level { findings.map(\.level).max() ?? .ok }

    /// `{"t", "broker", "worst", "findings": [{"check", "level", "what", "do"}]}`.
    public var json: JSONValue {
        .object([
            "t": JSONValue(t, places: 3), "broker": .string(broker), "worst": .string(worst.rawValue),
            "findings": .array(findings.map(\.json)),
        ])
    }

    /// The report for people, coloured where standard output wants it.
    public func text(_ terminal: Terminal) -> String {
        let width = (findings.map(\.check.count).max() ?? 0) + 2
        var lines = findings.flatMap { finding in
            let (mark, style): (String, StyledLine.Style) =
                switch finding.level {
                case .ok: ("ok       ", .good)
                case .warning: ("warning  ", .warning)
                case .error: ("error    ", .bad)
                }
            let head = StyledLine(mark, style) + StyledLine(finding.check).padded(width)
            let said = [head + StyledLine(finding.what)]
            let space = StyledLine(String(repeating: " ", count: 9 + width))
            return said + (finding.advice.map { [space + StyledLine("do: \($0)", .bold)] } ?? [])
        }
        lines.append(StyledLine(summary, .bold))
        return lines.map { $0.rendered(colour: terminal.usesColour) }.joined(separator: "\n")
    }

    private var summary: String {
        let errors = findings.count { $0.level == .error }
        let warnings = findings.count { $0.level == .warning }
        if errors + warnings == 0 { return "nothing is wrong" }
        return "\(errors) \(errors == 1 ? "error" : "errors"), \(warnings) \(warnings == 1 ? "warning" : "warnings")"
    }
}
