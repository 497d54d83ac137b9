import Logging
import Metrics
import ServiceLifecycle
import ServiceRuntime
import Storage

/// Writes what changed to the database at every interval, and once more at the end.
struct StoreService: Service {
    let live: LiveAggregation
    let context: ServiceContext
    let store: AggregateStore
    let interval: Duration
    let metrics: AggregatorMetrics

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Only cancellation interrupts the sleep.
                do { try await Task.sleep(for: interval) } catch { return }
                await save()
            }
        }
        await save()
        try await store.database.close()
    }

    /// Writes what changed since the last call; after a failure the next call writes everything.
    func save() async {
        let snapshot = live.withLock { $0.drain() }
        let start = ContinuousClock.now
        do {
            try await store.write(snapshot)
            metrics.storeTime.record(duration: ContinuousClock.now - start)
        } catch {
            live.withLock { $0.mustStoreAll = true }
            context.board.count("storesFailed")
            context.logger.error(
                "the database refuses writes; everything is written again when it takes them",
                metadata: [AggregatorLogKeys.error: "\(error)"])
        }
    }
}
