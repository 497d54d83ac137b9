/// Turns progress into what a person sees: a bar that is redrawn on a terminal, plain lines elsewhere.
package struct ProgressLine: Sendable {
    /// How far a stage of long work is.
    package struct Step: Sendable, Equatable {
        /// What is being done; a new name begins a line of its own.
        package var name: String
        /// Share of the stage that is done, 0...1.
        package var fraction: Double
        package var loss: Double?
        package var secondsLeft: Double?

        package init(name: String, fraction: Double, loss: Double? = nil, secondsLeft: Double? = nil) {
            self.name = name
            self.fraction = fraction
            self.loss = loss
            self.secondsLeft = secondsLeft
        }
    }

    private let isTerminal: Bool
    private var stage: String?
    private var shown = -Double.infinity

    /// Characters of a bar.
    package static let width = 24
    /// Seconds between plain lines of one stage.
    private static let pause = 15.0

    package init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// What to write now; nothing where enough has been said.
    ///
    /// - Parameter now: seconds of a clock that does not go back.
    package mutating func text(_ step: Step, now: Double) -> String? {
        let isNew = step.name != stage
        let isDone = step.fraction >= 1
        let before = isNew && stage != nil && isTerminal ? "\n" : ""
        guard isNew || isDone || now - shown >= (isTerminal ? 0.2 : Self.pause) else { return nil }
        // On a terminal a finished stage stands; the next one begins a line of its own.
        shown = now
        stage = step.name
        return isTerminal
            ? "\(before)\r\u{1B}[2K\(Self.line(step, isTerminal: true))"
            : Self.line(step, isTerminal: false) + "\n"
    }

    /// What ends the display.
    package var end: String { isTerminal && stage != nil ? "\n" : "" }

    /// A bar of so many characters.
    package static func bar(_ fraction: Double, width: Int = Self.width) -> String {
        let full = Int(min(1, max(0, fraction)) * Double(width))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }

    private static func line(_ step: Step, isTerminal: Bool) -> String {
        var line = step.name + String(repeating: " ", count: max(1, 27 - step.name.count))
        let fraction = min(1, max(0, step.fraction))
        if isTerminal { line += bar(fraction) + " " }
        let percent = String(Int(fraction * 100))
        line += String(repeating: " ", count: 3 - percent.count) + percent + " %"
        if let loss = step.loss { line += "  loss \(Figure.fixed(loss, 3))" }
        if let left = step.secondsLeft, fraction < 1 { line += "  \(Figure.duration(left)) left" }
        return line
    }
}
