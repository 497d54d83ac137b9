/// Turns progress into what a person sees: a bar that is redrawn on a terminal, plain lines elsewhere.
public struct ProgressLine: Sendable {
    private let isTerminal: Bool
    private var stage: String?
    private var shown = -Double.infinity

    private static let bar = 24
    /// Seconds between plain lines of one stage.
    private static let pause = 15.0

    public init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// What to write now; nothing where enough has been said.
    ///
    /// - Parameter now: seconds of a clock that does not go back.
    public mutating func text(_ progress: StudyProgress, now: Double) -> String? {
        let isNew = Self.name(progress) != stage
        let isDone = progress.fraction >= 1
        let before = isNew && stage != nil && isTerminal ? "\n" : ""
        guard isNew || isDone || now - shown >= (isTerminal ? 0.2 : Self.pause) else { return nil }
        // On a terminal a finished stage stands; the next one begins a line of its own.
        shown = now
        stage = Self.name(progress)
        return isTerminal
            ? "\(before)\r\u{1B}[2K\(Self.line(progress, isTerminal: true))"
            : Self.line(progress, isTerminal: false) + "\n"
    }

    /// What ends the display.
    public var end: String { isTerminal && stage != nil ? "\n" : "" }

    private static func name(_ progress: StudyProgress) -> String { progress.detail ?? progress.stage.rawValue }

    private static func line(_ progress: StudyProgress, isTerminal: Bool) -> String {
        let name = name(progress)
        var line = name + String(repeating: " ", count: max(1, 27 - name.count))
        let fraction = min(1, max(0, progress.fraction))
        if isTerminal {
            let full = Int(fraction * Double(bar))
            line += String(repeating: "█", count: full) + String(repeating: "░", count: bar - full) + " "
        }
        let percent = String(Int(fraction * 100))
        line += String(repeating: " ", count: 3 - percent.count) + percent + " %"
        if let loss = progress.loss { line += "  loss \(Figure.fixed(loss, 3))" }
        if let left = progress.secondsLeft, fraction < 1 { line += "  \(Figure.duration(left)) left" }
        return line
    }
}
