import BusAPI
import JSON
import Logging
import ServiceHTTP
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Keeps pages up to date from a subscription of its own.
struct DashboardService: Service {
    /// Between two looks for changes: quick enough to seem at once, slow enough that a burst is one event.
    private static let interval = Duration.milliseconds(250)
    /// Looks between two signs of life.
    private static let ticks = 20
    /// Seconds between two requests for a signal, which edges heed for a minute.
    private static let renewal = 30.0

    let state: DashboardState
    let context: ServiceContext

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await followBus() }
                group.addTask { await collect() }
                group.addTask { await tell() }
                for await device in state.arrivals {
                    group.addTask { await watch(device) }
                }
                group.cancelAll()
            }
        }
    }

    private func followBus() async {
        for await change in context.bus.states() { state.set(bus: change == .connected) }
    }

    /// Holds the newest of every topic.
    private func collect() async {
        let subscription: BusSubscription
        do throws(BusError) {
            subscription = try await context.bus.subscribe(
                to: FleetBoard.filters(context.topics), limit: 100_000, overflow: .dropOldest)
        } catch {
            context.logger.warning("the dashboard hears nothing", metadata: [AggregatorLogKeys.error: "\(error)"])
            return
        }
        while let batch = await subscription.next() { state.take(batch) }
        subscription.cancel()
    }

    private func tell() async {
        var looks = 0
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            state.sendChanges()
            looks += 1
            guard looks % Self.ticks == 0 else { continue }
            state.tick()
            let counters = state.counters
            context.board.set("dashboardTopics", .integer(Int64(counters.topics)))
            context.board.setCount("dashboardLeftOut", to: counters.leftOut)
            context.board.setCount("dashboardListenersDropped", to: state.feed.dropped)
        }
    }

    // MARK: One device

    /// Passes on what is said of a device while somebody looks.
    private func watch(_ device: DeviceID) async {
        let filters = [
            context.topics.filter("preview", device.site, device.device),
            context.topics.filter("inference", device.site, device.device, "+"),
            context.topics.filter("label", device.site, device.device),
        ]
        do throws(BusError) {
            let subscription = try await context.bus.subscribe(
                to: filters.map { BusFilter($0) }, limit: 1000, overflow: .dropOldest)
            await withTaskGroup { group in
                group.addTask {
                    while let batch = await subscription.next() {
                        for message in batch { state.send(message, of: device) }
                    }
                }
                group.addTask { await keepAsking(for: device) }
                await group.next()
                group.cancelAll()
            }
            subscription.cancel()
        } catch {
            context.logger.debug("not watched", metadata: [AggregatorLogKeys.error: "\(error)"])
            _ = state.leave(device)
        }
    }

    /// Asks the device's edge for its signal until nobody looks any more.
    private func keepAsking(for device: DeviceID) async {
        var asked = -Double.infinity
        var empty = 0
        while !Task.isCancelled {
            let now = context.now()
            if now - asked >= Self.renewal || now < asked {
                do {
                    try await context.publish(
                        PreviewRequest(t: now, device: device), on: .previewRequest, qos: .atMostOnce)
                    asked = now
                } catch {
                    // Without a broker there is no signal; it is asked for when it is back.
                    context.logger.debug("not asked for", metadata: [AggregatorLogKeys.error: "\(error)"])
                }
            }
            // A page that is loaded again is away for a moment.
            empty = state.feed.count(of: device.description) == 0 ? empty + 1 : 0
            if empty > 5, state.leave(device) { return }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }
}
