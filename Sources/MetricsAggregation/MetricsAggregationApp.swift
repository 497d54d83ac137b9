public import JSON
public import ServiceLifecycle
public import ServiceRuntime
import Logging
import Storage
public import Telemetry

/// The aggregator on a bus: counts decisions and scores, keeps them, and publishes retained summaries.
public struct MetricsAggregationApp: Sendable {
    /// The service's own configuration keys.
    public static let keys = AggregatorSettings.keys + AlertSettings.keys + [edgesKey]

    private static let edgesKey = ConfigurationKey(
        "metrics.edges", .integer, default: "1000",
        help: "Edges whose status /metrics shows; further ones are counted and on the bus alone.")

    let live: LiveAggregation
    let ingest: IngestService
    let publisher: PublishService
    let storage: StoreService
    let alerts: AlertService
    /// The fleet over time.
    public let queries: FleetQueries
    private let context: ServiceContext

    /// Opens the database in the context's state directory and counts what it holds again.
    ///
    /// - Throws: `ConfigurationError`; `StorageError` where the database cannot be used.
    public init(configuration: ServiceConfiguration, context: ServiceContext) async throws {
        let settings = try AggregatorSettings(configuration)
        let database = try await Database(
            path: context.stateDirectory + "/metrics.sqlite", durability: .processDeath,
            migrations: AggregateStore.migrations)
        let store = AggregateStore(database: database, limits: settings.limits)
        let aggregation = try await store.read(topics: context.topics)
        context.logger.info(
            "counts restored",
            metadata: [
                AggregatorLogKeys.records: "\(aggregation.join.recordCount)",
                AggregatorLogKeys.versions: "\(aggregation.join.versions.count)",
            ])
        self.context = context
        live = LiveAggregation(aggregation)
        let metrics = AggregatorMetrics(context.metrics)
        let gauges = FleetGauges()
        let shown = try configuration.integer(Self.edgesKey.name)
        guard shown >= 0 else {
            throw ConfigurationError(
                key: Self.edgesKey.name, "\(Self.edgesKey.name): must not be below 0, as \(shown) is")
        }
        let edges = EdgeGauges(capacity: shown)
        context.metrics.collect { gauges.families + edges.families }
        ingest = IngestService(live: live, context: context, queue: settings.queue, metrics: metrics)
        queries = FleetQueries(live: live, store: store)
        publisher = PublishService(
            live: live, queries: queries, context: context, interval: settings.publishInterval, gauges: gauges)
        storage = StoreService(
            live: live, context: context, store: store, interval: settings.storeInterval, metrics: metrics)
        alerts = AlertService(
            settings: try AlertSettings(configuration), context: context, edges: edges, fleet: gauges)
    }

    /// In the order to start them; stopped in reverse, so that all that was received is stored.
    public var services: [any Service] { [storage, alerts, publisher, ingest] }

    /// The fleet at this moment.
    public func summary() -> FleetSummary {
        let now = context.now()
        return live.withLock { $0.summary(now: now) }
    }

    /// The fleet at this moment with the scores of every version, for programs.
    public func summaryDocument() -> JSONValue {
        let now = context.now()
        return live.withLock { aggregation in
            guard case .object(var object) = aggregation.summary(now: now).json else { return .null }
            var accuracies = JSONObject()
            for entry in aggregation.accuracies(now: now) {
                accuracies["\(entry.model)/\(entry.version)"] = entry.message.json
            }
            object["accuracy"] = .object(accuracies)
            return .object(object)
        }
    }
}
