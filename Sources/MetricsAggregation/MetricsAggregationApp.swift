public import JSON
public import ServiceLifecycle
public import ServiceRuntime
import Logging
import Storage
public import Telemetry

/// The aggregator on a bus: counts decisions and scores, keeps them, and publishes retained summaries.
public struct MetricsAggregationApp: Sendable {
    /// The service's own configuration keys.
    public static let keys = AggregatorSettings.keys

    let live: LiveAggregation
    let ingest: IngestService
    let publisher: PublishService
    let storage: StoreService
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
        queries = FleetQueries(live: live, store: store)
        ingest = IngestService(live: live, context: context, queue: settings.queue)
        publisher = PublishService(
            live: live, queries: queries, context: context,
            interval: settings.publishInterval, gauges: FleetGauges())
        storage = StoreService(live: live, context: context, store: store, interval: settings.storeInterval)
    }

    /// In the order to start them; stopped in reverse, so that all that was received is stored.
    public var services: [any Service] { [storage, publisher, ingest] }

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
