public import JSON

/// Published measurements of networks on boards: joules and time an inference.
///
/// - Source: the document names it; ours holds MLPerf Tiny v1.2's closed division.
public struct PublishedEnergy: Sendable, Equatable {
    public struct Network: Sendable, Equatable {
        public var name: String
        public var multiplyAccumulates: Int
    }

    public struct Measurement: Sendable, Equatable {
        public var network: String
        /// Joules an inference.
        public var joules: Double
        /// Seconds an inference while energy was measured.
        public var energyRunSeconds: Double
        /// Seconds an inference as published for speed.
        public var seconds: Double
    }

    public struct Board: Sendable, Equatable {
        public var name: String
        public var core: String
        public var measurements: [Measurement]
    }

    public var source: String
    public var networks: [Network]
    public var boards: [Board]

    /// Reads the document in `Benchmarks/energy`.
    ///
    /// - Throws: ``EnergyPlanningError`` `.invalidResults`.
    public init(json: JSONValue) throws(EnergyPlanningError) {
        do throws(JSONError) {
            let reader = try JSONObjectReader(json)
            source = try reader.string("source")
            networks = []
            for element in try reader.elements("networks") {
                let network = try JSONObjectReader(element, path: "networks")
                networks.append(
                    Network(name: try network.string("name"), multiplyAccumulates: try network.integer("macs")))
            }
            boards = []
            for element in try reader.elements("boards") {
                let board = try JSONObjectReader(element, path: "boards")
                var measurements: [Measurement] = []
                for element in try board.elements("results") {
                    let result = try JSONObjectReader(element, path: "boards.results")
                    measurements.append(
                        Measurement(
                            network: try result.string("network"),
                            joules: try result.number("microjoules") / 1e6,
                            energyRunSeconds: 1 / (try result.number("energyRunPerSecond")),
                            seconds: 1 / (try result.number("perSecond"))))
                }
                boards.append(
                    Board(
                        name: try board.string("name"), core: try board.string("core"), measurements: measurements))
            }
        } catch { throw EnergyPlanningError(.invalidResults, "\(error)") }
        let known = Set(networks.map(\.name))
        for board in boards {
            let names = Set(board.measurements.map(\.network))
            guard names.count == board.measurements.count, names.count >= 2, names.isSubset(of: known),
                board.measurements.allSatisfy({ $0.joules > 0 && $0.seconds > 0 && $0.energyRunSeconds > 0 })
            else {
                throw EnergyPlanningError(
                    .invalidResults, "boards: \(board.name) needs results above 0 of at least two known networks")
            }
        }
    }
}
