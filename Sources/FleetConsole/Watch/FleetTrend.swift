public import Telemetry

/// How accuracy and energy of each model went while somebody looked: what a sparkline shows where the aggregator keeps no
/// history.
public struct FleetTrend: Sendable {
    /// Figures of one model at one time.
    struct Point: Sendable, Equatable {
        /// Unix seconds.
        var t: Double
        /// Share that is right; of a regression, the mean absolute error.
        var score: Double?
        var joules: Double?
    }

    /// Points of each model at most; when it is full, every second one goes and those to come are twice as far apart.
    static let capacity = 120

    private(set) var points: [String: [Point]] = [:]
    private var spacing: [String: Double] = [:]

    public init() {}

    /// Takes the figures of a summary, at most one a second.
    public mutating func take(_ summary: FleetSummary) {
        for (name, model) in summary.models {
            let point = Point(
                t: summary.t, score: model.accuracy?.value ?? model.errors?.meanAbsolute,
                joules: model.joulesPerInference?.value)
            guard point.score != nil || point.joules != nil else { continue }
            if let last = points[name]?.last, summary.t < last.t + (spacing[name] ?? 1) { continue }
            points[name, default: []].append(point)
            guard let all = points[name], all.count >= Self.capacity else { continue }
            points[name] = all.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
            spacing[name] = 2 * (spacing[name] ?? 1)
        }
    }
}
