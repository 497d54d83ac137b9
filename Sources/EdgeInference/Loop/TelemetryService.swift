import BusAPI
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Feeds the loop with the telemetry of the edge's site, other publishers' messages and verdicts, and lets it look at the
/// time.
struct TelemetryService: Service {
    /// Messages worked on before others get a turn.
    private static let portion = 256

    let settings: EdgeSettings
    let context: ServiceContext
    let loop: InferenceLoop

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await work()
            } catch let error as BusError where error.code == .closed {}
        }
        await loop.sweep(dropped: nil)
    }

    private func work() async throws(BusError) {
        // Telemetry has no stale backlog: at QoS 0 the broker keeps nothing for an edge that is away.
        let telemetry = try await context.bus.subscribe(
            to: [BusFilter(context.topics.filter("telemetry", settings.site, "+"), qos: .atMostOnce)],
            limit: settings.telemetryQueue, overflow: .dropOldest)
        let verdicts = try await context.bus.subscribe(
            to: [BusFilter(context.topics.filter("verdict", settings.site, "+", "+"))], limit: 10_000,
            overflow: .dropOldest)
        let known = try await context.bus.subscribe(
            to: [BusFilter(context.topics.filter("device", settings.site, "+"))], limit: 10_000, overflow: .dropOldest)
        let publishers: BusSubscription? =
            if let filters = settings.sources?.subscriptions {
                try await context.bus.subscribe(
                    to: filters.map { BusFilter($0, qos: .atMostOnce) }, limit: settings.telemetryQueue,
                    overflow: .dropOldest)
            } else { nil }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await Self.inPortions(telemetry) { await loop.receive($0) }
            }
            if let publishers {
                group.addTask {
                    await Self.inPortions(publishers) { await loop.receive(sources: $0) }
                }
            }
            group.addTask {
                while let batch = await verdicts.next() { await loop.receive(verdicts: batch) }
            }
            group.addTask {
                // What is retained of a device is emptied by whoever wants it forgotten.
                while let batch = await known.next() {
                    for message in batch where message.payload.isEmpty {
                        if case .device(let id) = context.topics.parse(message.topic) { await loop.forget(id) }
                    }
                }
            }
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(1)) } catch { break }
                await loop.sweep(dropped: telemetry.dropped + (publishers?.dropped ?? 0))
                context.board.setCount("verdictsDropped", to: verdicts.dropped)
            }
            group.cancelAll()
        }
    }

    private static func inPortions(
        _ subscription: BusSubscription, _ work: (ArraySlice<BusMessage>) async -> Void
    ) async {
        while let batch = await subscription.next() {
            var rest = batch[...]
            while !rest.isEmpty {
                await work(rest.prefix(portion))
                rest = rest.dropFirst(portion)
            }
        }
    }
}
