import BusAPI
import Logging
import Metrics
import ServiceLifecycle
import ServiceRuntime

/// Subscribes and counts what comes.
struct IngestService: Service {
    let live: LiveAggregation
    let context: ServiceContext
    let queue: Int
    let metrics: AggregatorMetrics

    func run() async throws {
        let filters = Aggregation.filters(context.topics)
        let subscriptions: [BusSubscription]
        do {
            // Without a broker this waits for one, also when the process is to end.
            subscriptions = try await cancelWhenGracefulShutdown {
                // Decisions queue apart: a flood of them must not push out what scores them.
                let decisions = try await context.bus.subscribe(
                    to: filters.decisions, limit: queue, overflow: .dropOldest)
                let others = try await context.bus.subscribe(
                    to: filters.others, limit: queue, overflow: .dropOldest)
                return [decisions, others]
            }
        } catch {
            if Task.isShuttingDownGracefully { return }
            throw error
        }
        context.logger.info(
            "counting",
            metadata: [AggregatorLogKeys.topics: "\((filters.decisions + filters.others).map(\.pattern))"])
        await withTaskGroup { group in
            for (subscription, waiting) in zip(subscriptions, [metrics.waitingDecisions, metrics.waitingOthers]) {
                group.addTask { await consume(subscription, waiting) }
            }
        }
    }

    /// Counts until the service is to stop; what is held then is still counted.
    private func consume(_ subscription: BusSubscription, _ waiting: Gauge) async {
        await withGracefulShutdownHandler {
            for await batch in subscription {
                context.board.count("received", by: batch.count)
                for refused in live.take(batch, now: context.now()) {
                    await context.rejects.reject(
                        topic: refused.topic, code: refused.refusal.code, reason: refused.refusal.reason)
                }
                waiting.record(subscription.depth)
            }
        } onGracefulShutdown: {
            subscription.cancel()
        }
    }
}
