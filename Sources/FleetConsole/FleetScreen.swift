import SystemPackage
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The live status on a terminal: redrawn in place there, one line every few seconds elsewhere.
public struct FleetScreen: Sendable {
    private let isTerminal: Bool
    private let usesColour: Bool
    private var drawnLines = 0
    private var lastLine = -Double.infinity

    /// Seconds between lines where nothing can be redrawn.
    static let lineInterval = 5.0

    public init() {
        isTerminal = isatty(STDOUT_FILENO) == 1
        usesColour = isTerminal && getenv("NO_COLOR") == nil
    }

    /// Draws the fleet.
    ///
    /// - Parameters:
    ///   - note: what the caller is waiting for.
    ///   - elapsed: seconds since the run began.
    public mutating func draw(_ fleet: FleetView, note: String, elapsed: Double) {
        if isTerminal {
            let lines = Self.lines(fleet, note: note, elapsed: elapsed, width: Self.width, bold: usesColour)
            let up = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
            write(up + lines.map { "\u{1B}[2K" + $0 }.joined(separator: "\n") + "\n\u{1B}[J")
            drawnLines = lines.count
        } else if elapsed - lastLine >= Self.lineInterval {
            lastLine = elapsed
            write(Self.line(fleet, note: note, elapsed: elapsed) + "\n")
        }
    }

    /// Writes a line above the live part.
    public mutating func say(_ text: String) {
        if isTerminal && drawnLines > 0 { write("\u{1B}[\(drawnLines)A\u{1B}[J") }
        drawnLines = 0
        write(text + "\n")
    }

    private func write(_ text: String) {
        // A closed terminal is no reason to stop a cluster.
        _ = try? FileDescriptor.standardOutput.writeAll(Array(text.utf8))
    }

    /// Columns of the terminal; 80 where it does not say.
    private static var width: Int {
        var size = winsize()
        return ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Lines of at most `width` characters: a terminal that wraps one shows more lines than are redrawn.
    static func lines(_ fleet: FleetView, note: String, elapsed: Double, width: Int, bold: Bool) -> [String] {
        let lines = lines(fleet, note: note, elapsed: elapsed).map { String($0.prefix(width)) }
        guard bold, let title = lines.first else { return lines }
        return ["\u{1B}[1m\(title)\u{1B}[0m"] + lines.dropFirst()
    }

    private static func lines(_ fleet: FleetView, note: String, elapsed: Double) -> [String] {
        var lines = ["Retort  \(clock(elapsed))  \(note)"]
        if let summary = fleet.summary {
            lines.append(
                "devices \(summary.devices.online)/\(summary.devices.known)   edges \(summary.edges.online)/\(summary.edges.known)"
                    + "   windows \(Quantity.number(summary.windowsPerSecond))/s   moved "
                    + summary.bytes.sorted { $0.key < $1.key }.map { "\($0.key) \(Quantity.bytes($0.value))" }
                    .joined(separator: ", "))
        } else {
            lines.append("no summary yet")
        }
        for (key, message) in fleet.installed.sorted(by: { ($0.key.edge, $0.key.model) < ($1.key.edge, $1.key.model) })
        {
            let version = message.running.map { "version \($0)" } ?? "no student"
            let progress =
                message.state == .running ? "" : " (\(message.state.rawValue)\(message.desired.map { " \($0)" } ?? ""))"
            lines.append("  \(pad(key.edge.description, 20)) \(pad(key.model, 12)) \(version)\(progress)")
        }
        for (name, model) in (fleet.summary?.models ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("  \(pad(name, 12)) \(scores(model))")
        }
        for (id, job) in fleet.jobs.sorted(by: { $0.key < $1.key }) where job.phase != .done {
            let left = job.secondsLeft.map { ", \(Quantity.seconds($0)) left" } ?? ""
            let loss = job.loss.map { ", loss \(Quantity.number($0))" } ?? ""
            let reason = job.reason.map { ": \($0)" } ?? ""
            lines.append("  job \(id): \(job.phase.rawValue) \(Quantity.percent(job.fraction))\(loss)\(left)\(reason)")
        }
        if let reject = fleet.rejects.last {
            lines.append("  last reject: \(reject.topic): \(reject.reason.prefix(90))")
        }
        return lines
    }

    static func line(_ fleet: FleetView, note: String, elapsed: Double) -> String {
        var parts = ["[\(clock(elapsed))] \(note)"]
        if let summary = fleet.summary {
            parts.append("\(summary.devices.online) devices")
            parts.append("\(Quantity.number(summary.windowsPerSecond)) windows/s")
            for (name, model) in summary.models.sorted(by: { $0.key < $1.key }) {
                parts.append("\(name) \(scores(model))")
            }
        }
        for (_, job) in fleet.jobs.sorted(by: { $0.key < $1.key }) where job.phase != .done {
            parts.append("\(job.model) job: \(job.phase.rawValue) \(Quantity.percent(job.fraction))")
        }
        return parts.joined(separator: " · ")
    }

    private static func scores(_ model: FleetSummary.Model) -> String {
        guard let version = model.version else { return "no version yet" }
        var text = "v\(version)"
        if let accuracy = model.accuracy { text += "  student \(Quantity.share(accuracy)) of \(model.scored)" }
        if let errors = model.errors { text += "  student \(Quantity.errors(errors)) of \(model.scored)" }
        if let teacher = model.teacher?.accuracy { text += "  teacher \(Quantity.percent(teacher.value))" }
        if let joules = model.joulesPerInference {
            text += "  \(Quantity.joules(joules)) an inference (\(joules.method.rawValue))"
        }
        return text
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds)
        let rest = String(whole % 60)
        return "\(whole / 60):\(rest.count == 1 ? "0" : "")\(rest)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text.count >= width ? text : text + String(repeating: " ", count: width - text.count)
    }
}
