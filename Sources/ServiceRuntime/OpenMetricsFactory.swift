package import BusAPI
public import CoreMetrics
import Synchronization

/// Keeps the process's metrics and writes them as OpenMetrics text, which Prometheus reads.
///
/// Series beyond a bound are not kept and counted instead: a label that names devices must not fill memory.
public final class OpenMetricsFactory: MetricsFactory {
    private struct Key: Hashable {
        var name: String
        var labels: [String]
    }

    private struct State {
        var families: [String: OpenMetricsSeries.Kind] = [:]
        var series: [Key: OpenMetricsSeries] = [:]
        var refused = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: series kept at most.
    public init(limit: Int = 2000) {
        self.limit = limit
    }

    /// All metrics in the text format of OpenMetrics 1.0.
    public var text: String { text(adding: [], bus: nil) }

    /// The same with what a service counts on its board and what its bus counts.
    package func text(adding counts: [(key: String, value: Int)], bus: BusStatistics?) -> String {
        let (families, series, refused) = state.withLock { ($0.families, $0.series, $0.refused) }
        var text = ""
        for (name, kind) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(kind.rawValue)\n"
            let own = series.filter { $0.key.name == name }.sorted {
                $0.key.labels.lexicographicallyPrecedes($1.key.labels)
            }
            for (key, series) in own { series.write(name, key.labels, to: &text) }
        }
        if !counts.isEmpty {
            text += "# TYPE retort_status counter\n"
            for (name, count) in counts { text += "retort_status_total{counter=\"\(Self.escape(name))\"} \(count)\n" }
        }
        if let bus {
            for (name, count) in [
                ("received_messages", bus.received), ("received_bytes", bus.receivedBytes),
                ("published_messages", bus.published), ("published_bytes", bus.publishedBytes),
                ("dropped_messages", bus.dropped), ("reconnects", bus.reconnects),
            ] {
                text += "# TYPE retort_bus_\(name) counter\nretort_bus_\(name)_total \(count)\n"
            }
        }
        if refused > 0 {
            text += "# TYPE retort_metric_series_refused counter\nretort_metric_series_refused_total \(refused)\n"
        }
        return text + "# EOF\n"
    }

    /// The content type of ``text``.
    public static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private func series(_ label: String, _ dimensions: [(String, String)], _ kind: OpenMetricsSeries.Kind)
        -> OpenMetricsSeries
    {
        let name = Self.name(label)
        let labels = dimensions.map { "\(Self.name($0.0))=\"\(Self.escape($0.1))\"" }.sorted()
        return state.withLock { state in
            let key = Key(name: name, labels: labels)
            if let known = state.series[key], known.kind == kind { return known }
            let series = OpenMetricsSeries(kind)
            // One family has one kind; a second one of the same name would make the whole page unreadable.
            guard state.series.count < limit, state.families[name] ?? kind == kind else {
                state.refused += 1
                return series
            }
            state.families[name] = kind
            state.series[key] = series
            return series
        }
    }

    private func forget(_ handler: AnyObject) {
        state.withLock { state in
            guard let key = state.series.first(where: { $0.value === handler })?.key else { return }
            state.series[key] = nil
            if !state.series.keys.contains(where: { $0.name == key.name }) { state.families[key.name] = nil }
        }
    }

    /// `bus.received` becomes `bus_received`; a counter's `_total` is added when it is written.
    private static func name(_ label: String) -> String {
        var name = String(
            label.unicodeScalars.map { scalar in
                let isAllowed =
                    scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_")
                return isAllowed ? Character(scalar) : "_"
            })
        if name.hasSuffix("_total") { name.removeLast(6) }
        return name.first.map { $0.isNumber } ?? true ? "_" + name : name
    }

    private static func escape(_ value: String) -> String {
        var escaped = ""
        for character in value {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n", "\r\n": escaped += "\\n"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .summary : .gauge)
    }

    /// Timers are histograms in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram)
    }

    public func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { forget(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { forget(handler) }
}
