public import JSON

/// The energy model held against published measurements, each network predicted from the board's others.
///
/// - Energy: the others' mean power (their joules over their time) times the network's published time.
/// - Time: the network's multiply-accumulates over the geometric mean of the others' throughput.
public struct EnergyCheck: Sendable, Equatable {
    /// Energy is to be predicted within this share.
    public static let goal = 0.15

    /// One network on one board.
    public struct Row: Sendable, Equatable {
        public var board: String
        public var core: String
        public var network: String
        public var publishedJoules: Double
        public var predictedJoules: Double
        public var publishedSeconds: Double
        public var predictedSeconds: Double

        /// Predicted over published, less 1.
        public var energyError: Double { predictedJoules / publishedJoules - 1 }
        public var timeError: Double { predictedSeconds / publishedSeconds - 1 }
    }

    /// What a board's networks give together, as profiles hold it.
    public struct BoardFit: Sendable, Equatable {
        public var board: String
        public var core: String
        /// Mean watts over the networks, and the least and most.
        public var watts: (value: Double, low: Double, high: Double)
        /// Geometric mean of multiply-accumulates a second.
        public var throughput: Double
        /// The largest factor by which a time was off, either way.
        public var timeFactor: Double

        public static func == (a: Self, b: Self) -> Bool {
            a.board == b.board && a.core == b.core && a.watts == b.watts && a.throughput == b.throughput
                && a.timeFactor == b.timeFactor
        }
    }

    public var rows: [Row] = []
    public var boards: [BoardFit] = []

    public init(_ published: PublishedEnergy) {
        var macs: [String: Double] = [:]
        for network in published.networks { macs[network.name] = Double(network.multiplyAccumulates) }
        for board in published.boards {
            let powers = board.measurements.map { $0.joules / $0.energyRunSeconds }
            let rates = board.measurements.map { (macs[$0.network] ?? 0) / $0.seconds }
            var factor = 1.0
            for (index, measurement) in board.measurements.enumerated() {
                let others = board.measurements.indices.filter { $0 != index }
                let power = others.reduce(0) { $0 + powers[$1] } / Double(others.count)
                let rate = Self.geometricMean(others.map { rates[$0] })
                let seconds = (macs[measurement.network] ?? 0) / rate
                factor = max(factor, seconds / measurement.seconds, measurement.seconds / seconds)
                rows.append(
                    Row(
                        board: board.name, core: board.core, network: measurement.network,
                        publishedJoules: measurement.joules, predictedJoules: power * measurement.seconds,
                        publishedSeconds: measurement.seconds, predictedSeconds: seconds))
            }
            boards.append(
                BoardFit(
                    board: board.name, core: board.core,
                    watts: (
                        powers.reduce(0, +) / Double(powers.count), powers.min() ?? 0, powers.max() ?? 0
                    ), throughput: Self.geometricMean(rates), timeFactor: factor))
        }
    }

    public var largestEnergyError: Double { rows.map { $0.energyError.magnitude }.max() ?? 0 }
    public var holds: Bool { largestEnergyError <= Self.goal }

    private static func geometricMean(_ values: [Double]) -> Double {
        Logarithm.exponential(values.reduce(0) { $0 + Logarithm.natural($1) } / Double(values.count))
    }

    /// Rows as every benchmark writes them: the error in percent over the 15 % allowed; time has no goal.
    public var benchmarkRows: JSONValue {
        var all: [JSONValue] = []
        func row(_ name: String, _ row: Row, _ error: Double, goal: Double?) -> JSONValue {
            var object: JSONObject = [
                "case": .string("energy: \(name), \(row.board), \(row.network)"),
                "ours": JSONValue(100 * error.magnitude, places: 2), "peer": .null, "unit": .string("% off"),
                "ratio": JSONValue(error.magnitude / Self.goal, places: 4),
            ]
            object["goal"] = goal.map { JSONValue(exactly: $0) } ?? .null
            return .object(object)
        }
        for entry in rows {
            all.append(row("joules an inference from power and published time", entry, entry.energyError, goal: 1))
        }
        for entry in rows {
            all.append(row("seconds an inference from multiply-accumulates", entry, entry.timeError, goal: nil))
        }
        return .array(all)
    }
}
