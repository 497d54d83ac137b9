/// Cumulative joules by cause since the host started, or since the meter of a cause first ran.
///
/// Meters tell what they counted since they were made; the ledger adds what earlier processes of the same boot had
/// counted, so that a restarted edge goes on where it was.
public struct EnergyLedger: Sendable, Equatable {
    /// Names the start of the host; figures of another boot do not count.
    public let boot: String
    /// Unix seconds of the first figure.
    public let since: Double
    /// What earlier processes of this boot counted.
    private var earlier: [String: EnergyFigure]
    private var current: [String: EnergyFigure] = [:]

    /// - Parameter earlier: ``totals`` as an earlier process of the same boot left them.
    public init(boot: String, since: Double, earlier: [String: EnergyFigure] = [:]) {
        self.boot = boot
        self.since = since
        self.earlier = earlier
    }

    /// Takes over a meter's cumulative figures.
    public mutating func set(_ figures: [String: EnergyFigure]) {
        for (cause, figure) in figures { current[cause] = figure }
    }

    /// Adds a cost that is known at once, such as a message's.
    public mutating func add(_ figure: EnergyFigure, to cause: String) {
        current[cause] = current[cause].map { $0 + figure } ?? figure
    }

    /// Joules by cause.
    public var totals: [String: EnergyFigure] { earlier.merging(current) { $0 + $1 } }

    /// The sum of causes; nothing where none of them has a figure. Its method is the weakest among its parts.
    public func sum(of causes: [String]) -> EnergyFigure? {
        let totals = totals
        let parts = causes.compactMap { totals[$0] }
        guard let first = parts.first else { return nil }
        return parts.dropFirst().reduce(first, +)
    }
}
