/// One metric as `/metrics` describes it: `docs/observability.md` lists all of them.
public struct MetricDefinition: Sendable, Hashable {
    /// The types of OpenMetrics that are in use.
    public enum Kind: String, Sendable { case counter, gauge, histogram, info }

    /// The units that names end in: base units, and shares of one.
    private static let units: Set<String> = ["seconds", "bytes", "ratio", "joules"]

    public let kind: Kind
    /// Of the family: without the `_total` of a counter and the `_info` of an info.
    public let name: String
    /// What the name says last, where that is a unit.
    public let unit: String?
    public let help: String

    /// - Parameters:
    ///   - name: `[a-z_][a-z0-9_]*`, ending in its unit where it has one.
    ///   - help: a sentence without its full stop.
    public init(_ kind: Kind, _ name: String, _ help: String) {
        precondition(!name.hasSuffix("_total") && !name.hasSuffix("_info"), "\(name): the suffix is added")
        self.kind = kind
        self.name = name
        self.help = help
        let last = name.split(separator: "_").last.map(String.init) ?? ""
        unit = kind != .info && Self.units.contains(last) ? last : nil
    }
}

/// A metric with its values at one moment.
public struct MetricFamily: Sendable {
    /// One line: a value under its labels.
    public struct Sample: Sendable {
        /// After the family's name: `_total`, `_info`, `_bucket`, ...
        package let suffix: String
        package let labels: [(name: String, value: String)]
        package let value: Double
    }

    public let definition: MetricDefinition
    public internal(set) var samples: [Sample]

    public init(_ definition: MetricDefinition) {
        self.definition = definition
        samples = []
    }

    /// A metric with one value, where it is known.
    public init(_ definition: MetricDefinition, _ value: Double?) {
        self.init(definition)
        add(value)
    }

    /// Adds a value; one that is not known leaves its line out.
    ///
    /// - Precondition: the metric is no histogram.
    public mutating func add(_ value: Double?, _ labels: KeyValuePairs<String, String> = [:]) {
        guard let value else { return }
        let suffix: String
        switch definition.kind {
        case .counter: suffix = "_total"
        case .gauge: suffix = ""
        case .info: suffix = "_info"
        case .histogram: preconditionFailure("\(definition.name): a histogram is no single value")
        }
        samples.append(Sample(suffix: suffix, labels: labels.map { ($0.key, $0.value) }, value: value))
    }
}
