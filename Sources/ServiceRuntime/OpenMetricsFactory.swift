public import CoreMetrics
import Synchronization

/// Keeps the process's metrics for `/metrics`: what is counted as it happens, and what is asked for when somebody looks.
///
/// Series beyond a bound are not kept and counted instead: a label that names devices must not fill memory.
public final class OpenMetricsFactory: MetricsFactory {
    /// Asked at every scrape.
    public typealias Collector = @Sendable () async -> [MetricFamily]

    private struct Key: Hashable {
        var name: String
        var labels: [String]
    }

    private struct Series {
        var labels: [(name: String, value: String)]
        var series: OpenMetricsSeries
    }

    private struct State {
        var definitions: [String: MetricDefinition] = [:]
        var series: [Key: Series] = [:]
        var collectors: [Collector] = []
        var counters: [String: MetricDefinition] = [:]
        var refused = 0
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: series kept at most.
    public init(limit: Int = 2000) {
        self.limit = limit
    }

    /// Says what metrics mean that are counted as they happen; they are shown from now on, also before they first count.
    public func define(_ definitions: [MetricDefinition]) {
        state.withLock { state in
            for definition in definitions { state.definitions[definition.name] = definition }
        }
    }

    /// Has somebody asked at every scrape.
    public func collect(_ collector: @escaping Collector) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// Gives counters of the status board metrics of their own; the others share one.
    public func name(counters: [String: MetricDefinition]) {
        state.withLock { $0.counters.merge(counters) { $1 } }
    }

    /// The metrics that counters of the status board have.
    package var counterNames: [String: MetricDefinition] { state.withLock { $0.counters } }

    /// Everything now, by name.
    package func families() async -> [MetricFamily] {
        let (definitions, series, collectors, refused) = state.withLock {
            ($0.definitions, $0.series, $0.collectors, $0.refused)
        }
        var families = definitions.mapValues { MetricFamily($0) }
        let ordered = series.sorted { $0.key.labels.lexicographicallyPrecedes($1.key.labels) }
        for (key, entry) in ordered { families[key.name]?.samples += entry.series.samples(entry.labels) }
        for collector in collectors {
            for family in await collector() {
                families[family.definition.name, default: MetricFamily(family.definition)].samples += family.samples
            }
        }
        families[Self.refusedSeries.name] = MetricFamily(Self.refusedSeries, Double(refused))
        return families.values.sorted { $0.definition.name < $1.definition.name }
    }

    private static let refusedSeries = MetricDefinition(
        .counter, "retort_metric_series_refused", "Series that were left out because there are too many")

    private func series(_ label: String, _ dimensions: [(String, String)], _ kind: MetricDefinition.Kind)
        -> OpenMetricsSeries
    {
        let name = Self.name(label)
        let labels = dimensions.map { (name: Self.name($0.0), value: $0.1) }.sorted { $0.name < $1.name }
        let key = Key(name: name, labels: labels.flatMap { [$0.name, $0.value] })
        return state.withLock { state in
            if let known = state.series[key]?.series, known.kind == kind { return known }
            let series = OpenMetricsSeries(kind)
            // One family has one kind; a second one of the same name would make the whole page unreadable.
            guard state.series.count < limit, state.definitions[name]?.kind ?? kind == kind else {
                state.refused += 1
                return series
            }
            if state.definitions[name] == nil { state.definitions[name] = MetricDefinition(kind, name, "") }
            state.series[key] = Series(labels: labels, series: series)
            return series
        }
    }

    private func forget(_ handler: AnyObject) {
        state.withLock { state in
            guard let key = state.series.first(where: { $0.value.series === handler })?.key else { return }
            state.series[key] = nil
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
        for suffix in ["_total", "_info"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
        return name.first.map { $0.isNumber } ?? true ? "_" + name : name
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

    /// Aggregating recorders are histograms.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        series(label, dimensions, aggregate ? .histogram : .gauge)
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
