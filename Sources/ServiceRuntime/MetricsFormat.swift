/// How `/metrics` is written.
public enum MetricsFormat: Sendable, CaseIterable {
    case openMetrics
    /// The format from before OpenMetrics, which everything that scrapes understands.
    case prometheusText

    public var contentType: String {
        switch self {
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
        }
    }

    /// The format that a request's `Accept` prefers; the older one where it does not speak of OpenMetrics, as browsers.
    ///
    /// - Source: RFC 9110 §12.5.1, of which parameters other than `q` are left out.
    public init(accept: String?) {
        var weights: [String: Double] = [:]
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { part in
                part.drop { $0 == " " }.lowercased().filter { $0 != " " }
            }
            guard let type = parts.first else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            weights[type] = max(weights[type] ?? 0, weight)
        }
        let wanted = weights["application/openmetrics-text"] ?? 0
        let older = weights["text/plain"] ?? 0
        self = wanted > 0 && wanted >= older ? .openMetrics : .prometheusText
    }

    /// The page of these metrics.
    ///
    /// - Parameter families: of each name one, in order.
    func page(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families {
            writeHead(family.definition, to: &text)
            for sample in family.samples {
                text += family.definition.name + sample.suffix
                if !sample.labels.isEmpty {
                    text += "{"
                    for (index, label) in sample.labels.enumerated() {
                        text += "\(index == 0 ? "" : ",")\(label.name)=\"\(Self.escape(label.value, quotes: true))\""
                    }
                    text += "}"
                }
                text += " \(Self.number(sample.value))\n"
            }
        }
        return self == .openMetrics ? text + "# EOF\n" : text
    }

    private func writeHead(_ definition: MetricDefinition, to text: inout String) {
        switch self {
        case .openMetrics:
            text += "# TYPE \(definition.name) \(definition.kind.rawValue)\n"
            if let unit = definition.unit { text += "# UNIT \(definition.name) \(unit)\n" }
            text += "# HELP \(definition.name) \(Self.escape(definition.help, quotes: true))\n"
        case .prometheusText:
            // Here a counter's name has its suffix, and an info is a gauge.
            let (name, kind) =
                switch definition.kind {
                case .counter: (definition.name + "_total", "counter")
                case .info: (definition.name + "_info", "gauge")
                case .gauge, .histogram: (definition.name, definition.kind.rawValue)
                }
            text += "# HELP \(name) \(Self.escape(definition.help, quotes: false))\n# TYPE \(name) \(kind)\n"
        }
    }

    private static func escape(_ value: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"" where quotes: escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? String(value)
    }
}
