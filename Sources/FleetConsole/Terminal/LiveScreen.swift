import SystemPackage

/// Lines on a terminal that are drawn over in place. The cursor is hidden meanwhile: ``close()`` gives it back.
public struct LiveScreen: Sendable {
    public let terminal: Terminal
    private var drawnLines = 0
    private var isCursorHidden = false

    public init(_ terminal: Terminal = Terminal()) { self.terminal = terminal }

    /// Draws over what was drawn before; more lines than the terminal has are left out, and their number said.
    public mutating func draw(_ lines: [StyledLine]) {
        let (columns, rows) = terminal.size
        let fitted = Self.fit(lines, columns: columns, rows: rows)
        let up = drawnLines > 0 ? "\u{1B}[\(drawnLines)A" : ""
        let hide = isCursorHidden ? "" : "\u{1B}[?25l"
        isCursorHidden = true
        let text = fitted.map { "\u{1B}[2K" + $0.rendered(colour: terminal.usesColour) }.joined(separator: "\n")
        write(hide + up + text + "\n\u{1B}[J")
        drawnLines = fitted.count
    }

    /// Lines that a terminal shows whole: one that it wraps, or scrolls away, could not be drawn over.
    static func fit(_ lines: [StyledLine], columns: Int, rows: Int) -> [StyledLine] {
        let limit = max(2, rows - 1)
        guard lines.count > limit else { return lines.map { $0.cut(columns) } }
        let left = lines.count - limit + 1
        return lines.prefix(limit - 1).map { $0.cut(columns) }
            + [StyledLine("… \(left) more lines; make the window higher", .dim).cut(columns)]
    }

    /// Writes a line above the live part.
    public mutating func say(_ text: String) {
        if drawnLines > 0 { write("\u{1B}[\(drawnLines)A\u{1B}[J") }
        drawnLines = 0
        write(text + "\n")
    }

    /// Gives the cursor back; what was drawn stands.
    public mutating func close() {
        if isCursorHidden { write("\u{1B}[?25h") }
        isCursorHidden = false
        drawnLines = 0
    }

    private func write(_ text: String) {
        // A closed terminal is no reason to stop what it shows.
        _ = try? FileDescriptor.standardOutput.writeAll(Array(text.utf8))
    }
}
