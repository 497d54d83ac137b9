import BusAPI
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Publishes what changed, at every interval; all of it again when the broker comes back.
struct PublishService: Service {
    let live: LiveAggregation
    let queries: FleetQueries
    let context: ServiceContext
    let interval: Duration
    let gauges: FleetGauges

    func run() async {
        await withTaskGroup { group in
            group.addTask { await watchBroker() }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    while !Task.isCancelled {
                        // The minute is over, and stored.
                        let now = context.now()
                        let rest = 62 - now.truncatingRemainder(dividingBy: 60)
                        await publishHistories(now: now)
                        do { try await Task.sleep(for: .seconds(rest)) } catch { return }
                    }
                }
            }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    while !Task.isCancelled {
                        await publish()
                        // Only cancellation interrupts the sleep.
                        do { try await Task.sleep(for: interval) } catch { return }
                    }
                }
            }
        }
    }

    /// A broker that restarted may have lost what it retained.
    private func watchBroker() async {
        for await state in context.bus.states().cancelOnGracefulShutdown() where state == .connected {
            live.withLock { $0.forgetPublished() }
        }
    }

    /// Publishes the last hour of every model, by the minute.
    func publishHistories(now: Double) async {
        for model in live.withLock({ aggregation in aggregation.models.map { aggregation.join.names[$0] } }) {
            do {
                let end = (now / 60).rounded(.down) * 60
                let history = try await queries.history(
                    of: .fleet, model: model, resolution: .minute, from: end - 3600, to: end)
                try await context.bus.publish(
                    BusMessage(
                        topic: context.topics.string(.fleetHistory(model: model)), payload: history.payload,
                        retained: true, contentType: "application/json"))
                context.board.count("published")
            } catch {
                context.logger.debug("not published", metadata: [AggregatorLogKeys.error: "\(error)"])
            }
        }
    }

    /// Publishes what changed since the last call.
    func publish() async {
        let now = context.now()
        let (messages, outcomes, records, versions, summary) = live.withLock { aggregation in
            let summary = aggregation.summary(now: now)
            return (
                aggregation.publications(now: now, summary: summary), aggregation.outcomes,
                aggregation.join.recordCount, aggregation.join.versions.count, summary
            )
        }
        gauges.show(summary)
        for (name, count) in outcomes { context.board.setCount(name, to: count) }
        context.board.set("records", .integer(Int64(records)))
        context.board.set("versions", .integer(Int64(versions)))
        for (index, message) in messages.enumerated() {
            do {
                try await context.bus.publish(message)
                context.board.count("published")
            } catch {
                // The newest state is said when the broker is back; older ones are of no use to anyone.
                let unsaid = messages[index...].map(\.topic)
                live.withLock { $0.unpublish(unsaid) }
                context.logger.debug("not published", metadata: [AggregatorLogKeys.error: "\(error)"])
                return
            }
        }
    }
}
