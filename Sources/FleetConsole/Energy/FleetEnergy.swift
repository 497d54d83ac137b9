public import JSON
import Telemetry

/// What a running fleet's joules went into: by cause, by edge and by version.
public struct FleetEnergy: Sendable {
    /// An edge's joules, as the aggregator adds them up over boots.
    struct Edge: Sendable {
        var id: EdgeID
        var state: String
        var windows: Int
        var joules: [String: JoulesFigure]
    }

    /// A version's joules.
    struct Version: Sendable {
        var model: String
        var version: Int
        var perInference: JoulesFigure?
        var perCorrect: JoulesFigure?
    }

    /// Of all edges, by cause.
    let causes: [(cause: String, figure: JoulesFigure)]
    let edges: [Edge]
    let versions: [Version]
    let t: Double

    /// - Parameter now: Unix seconds.
    public init(_ fleet: FleetView, now: Double) {
        t = now
        causes = (fleet.summary?.joules ?? [:]).sorted { ($0.value.value, $1.key) > ($1.value.value, $0.key) }
            .map { ($0.key, $0.value) }
        edges = fleet.edgeFigures.sorted { $0.key < $1.key }.filter { !$0.value.figures.joules.isEmpty }.map {
            Edge(
                id: $0.key, state: $0.value.state.rawValue, windows: $0.value.figures.windows,
                joules: $0.value.figures.joules)
        }
        versions = fleet.accuracy.sorted { $0.key < $1.key }.filter { $0.value.joulesPerInference != nil }.map {
            Version(
                model: $0.key.model, version: $0.key.version, perInference: $0.value.joulesPerInference,
                perCorrect: $0.value.joulesPerCorrect)
        }
    }

    public var isEmpty: Bool { causes.isEmpty && edges.isEmpty && versions.isEmpty }

    // MARK: For people

    public var text: String {
        var parts: [String] = []
        if !causes.isEmpty { parts.append("Of all edges, since their records began:\n\n" + causeTable.text) }
        if !edges.isEmpty { parts.append("By edge, since its records began:\n\n" + edgeTable.text) }
        if !versions.isEmpty { parts.append("By version:\n\n" + versionTable.text) }
        return parts.joined(separator: "\n\n")
    }

    private var causeTable: TextTable {
        var table = TextTable([
            ("CAUSE", .left), ("JOULES", .right), ("LOW", .right), ("HIGH", .right), ("METHOD", .left),
        ])
        for (cause, figure) in causes { table.append([cause] + Self.cells(figure)) }
        return table
    }

    private var edgeTable: TextTable {
        var table = TextTable([
            ("EDGE", .left), ("STATE", .left), ("WINDOWS", .right), ("CAUSE", .left), ("JOULES", .right),
            ("LOW", .right), ("HIGH", .right), ("METHOD", .left),
        ])
        for edge in edges {
            var head = [edge.id.description, edge.state, "\(edge.windows)"]
            for (cause, figure) in edge.joules.sorted(by: { $0.key < $1.key }) {
                table.append(head + [cause] + Self.cells(figure))
                head = ["", "", ""]
            }
        }
        return table
    }

    private var versionTable: TextTable {
        var table = TextTable([
            ("MODEL", .left), ("VERSION", .right), ("", .left), ("JOULES", .right), ("LOW", .right), ("HIGH", .right),
            ("METHOD", .left), ("INCLUDES", .left),
        ])
        for version in versions {
            for (name, figure) in [("an inference", version.perInference), ("a correct one", version.perCorrect)] {
                guard let figure else { continue }
                let includes = figure.includes.joined(separator: " ")
                table.append([version.model, "\(version.version)", name] + Self.cells(figure) + [includes])
            }
        }
        return table
    }

    private static func cells(_ figure: JoulesFigure) -> [String] {
        [figure.value, figure.low, figure.high].map { Quantity.joules($0) } + [figure.method.rawValue]
    }

    // MARK: For programs

    /// Keys stay; absent where nothing is known.
    public var json: JSONValue {
        .object([
            "t": JSONValue(t, places: 3),
            "causes": .object(causes.reduce(into: JSONObject()) { $0[$1.cause] = $1.figure.json }),
            "edges": .array(
                edges.map { edge in
                    .object([
                        "site": .string(edge.id.site), "edge": .string(edge.id.edge), "state": .string(edge.state),
                        "windows": .integer(Int64(edge.windows)),
                        "joules": .object(
                            edge.joules.sorted { $0.key < $1.key }.reduce(into: JSONObject()) {
                                $0[$1.key] = $1.value.json
                            }),
                    ])
                }),
            "versions": .array(
                versions.map { version in
                    var object: JSONObject = [
                        "model": .string(version.model), "version": .integer(Int64(version.version)),
                    ]
                    object["joulesPerInference"] = version.perInference?.json
                    object["joulesPerCorrect"] = version.perCorrect?.json
                    return .object(object)
                }),
        ])
    }
}
