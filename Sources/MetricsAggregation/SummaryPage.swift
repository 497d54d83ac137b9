import Telemetry

/// The fleet as one plain HTML page: no scripts, no outside assets; everything from the bus is escaped.
struct SummaryPage {
    let summary: FleetSummary
    let accuracies: [VersionAccuracy]

    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    var html: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
        <meta name="viewport" content="width=device-width, initial-scale=1"><title>Retort fleet</title>
        <style>
        body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}
        table{border-collapse:collapse;margin:.5rem 0 1.5rem;width:100%}
        th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884;vertical-align:top}
        td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
        </style></head><body>
        <h1>Retort fleet</h1>
        \(table(nil, fleetRows))
        <h2>Versions</h2>
        \(table(versionHead, versionRows))
        <h2>Edges</h2>
        \(table(["Edge", "Model", "Version"], edgeRows))
        <h2>Jobs</h2>
        \(table(["Job", "Model", "Phase", "Done"], jobRows))
        </body></html>

        """
    }

    private func table(_ head: [String]?, _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "<p>None yet.</p>" }
        var html = "<table>"
        if let head { html += "<tr>" + head.map { "<th>\(Self.escape($0))</th>" }.joined() + "</tr>" }
        for row in rows { html += "<tr>" + row.map { "<td>\(Self.escape($0))</td>" }.joined() + "</tr>" }
        return html + "</table>"
    }

    private var fleetRows: [[String]] {
        [
            ["Devices", "\(summary.devices.online) online of \(summary.devices.known)"],
            ["Edges", "\(summary.edges.online) online of \(summary.edges.known)"],
            ["Windows decided", "\(summary.windows)"],
            ["Windows per second", Self.rounded(summary.windowsPerSecond, 1)],
            ["Decided by the cloud", Self.percent(summary.decidedByCloud)],
        ] + summary.bytes.sorted { $0.key < $1.key }.map { ["Bytes of \($0.key)", "\($0.value)"] }
            + summary.joules.sorted { $0.key < $1.key }.map {
                ["Joules of \($0.key)", "\(Self.significant($0.value.value)) (\($0.value.method.rawValue))"]
            }
    }

    private var versionHead: [String] {
        [
            "Model", "Version", "Decisions", "Scored", "Against", "Accuracy", "95 %", "Teacher", "Joules per inference",
            "Joules per right one",
        ]
    }

    private var versionRows: [[String]] {
        accuracies.map { entry in
            let message = entry.message
            return [
                entry.model, "\(entry.version)", "\(message.decisions)", "\(message.scored)",
                message.basis?.rawValue ?? "",
                message.accuracy.map { Self.percent($0.value) }
                    ?? message.errors.map {
                        "RMSE \(Self.significant($0.rootMeanSquare)) \($0.unit ?? "")"
                    } ?? "",
                message.accuracy.map { "\(Self.percent($0.low)) to \(Self.percent($0.high))" } ?? "",
                message.teacher?.accuracy.map { Self.percent($0.value) } ?? "",
                message.joulesPerInference.map { "\(Self.significant($0.value)) (\($0.method.rawValue))" } ?? "",
                message.joulesPerCorrect.map { Self.significant($0.value) } ?? "",
            ]
        }
    }

    private var edgeRows: [[String]] {
        summary.running.sorted { $0.key < $1.key }.flatMap { edge in
            edge.value.sorted { $0.key < $1.key }.map { [edge.key, $0.key, "\($0.value)"] }
        }
    }

    private var jobRows: [[String]] {
        summary.jobs.sorted { $0.key < $1.key }.map {
            [$0.key, $0.value.model, $0.value.phase.rawValue, Self.percent($0.value.fraction)]
        }
    }

    static func percent(_ share: Double) -> String { rounded(share * 100, 1) + " %" }

    static func rounded(_ value: Double, _ places: Int) -> String {
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        return "\((value * scale).rounded() / scale)"
    }

    /// Three significant digits.
    static func significant(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "0" }
        var scale = 1.0
        var magnitude = value.magnitude
        while magnitude < 100 && scale < 1e15 {
            magnitude *= 10
            scale *= 10
        }
        return "\((value * scale).rounded() / scale)"
    }
}
