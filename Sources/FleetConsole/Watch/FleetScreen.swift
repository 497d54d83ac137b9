import SystemPackage

/// The live status on a terminal: redrawn in place there, one line every few seconds elsewhere.
public struct FleetScreen: Sendable {
    private var screen = LiveScreen()
    private var lastLine = -Double.infinity

    /// Seconds between lines where nothing can be redrawn.
    static let lineInterval = 5.0

    public init() {}

    /// Draws the fleet.
    ///
    /// - Parameters:
    ///   - note: what the caller is waiting for.
    ///   - elapsed: seconds since the run began.
    ///   - now: Unix seconds.
    public mutating func draw(
        _ fleet: FleetView, _ trend: FleetTrend, note: String, elapsed: Double, now: Double, brokerAway: String? = nil
    ) {
        let picture = FleetPicture(
            fleet: fleet, trend: trend, note: note, elapsed: elapsed, now: now, brokerAway: brokerAway)
        if screen.terminal.isTerminal {
            screen.draw(picture.lines)
        } else if elapsed - lastLine >= Self.lineInterval {
            lastLine = elapsed
            screen.say(picture.line)
        }
    }

    /// Writes a line above the live part.
    public mutating func say(_ text: String) { screen.say(text) }

    /// Gives the terminal back.
    public mutating func close() { screen.close() }
}
