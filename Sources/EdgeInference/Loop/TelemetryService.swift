import BusAPI
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Feeds the loop with the telemetry of the edge's site and with verdicts, and lets it look at the time.
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
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while let batch = await telemetry.next() {
                    var rest = batch[...]
                    while !rest.isEmpty {
                        await loop.receive(rest.prefix(Self.portion))
                        rest = rest.dropFirst(Self.portion)
                    }
                }
            }
            group.addTask {
                while let batch = await verdicts.next() { await loop.receive(verdicts: batch) }
            }
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(1)) } catch { break }
                await loop.sweep(dropped: telemetry.dropped)
                context.board.setCount("verdictsDropped", to: verdicts.dropped)
            }
            group.cancelAll()
        }
    }
}
