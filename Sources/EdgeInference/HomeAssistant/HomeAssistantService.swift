import BusAPI
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Listens to Home Assistant: it announces itself when it starts, and people choose labels there.
struct HomeAssistantService: Service {
    let settings: EdgeSettings.HomeAssistant
    let site: String
    let context: ServiceContext
    let loop: InferenceLoop
    let rejections: Rejections

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await work() } catch let error as BusError where error.code == .closed {}
        }
    }

    private func work() async throws(BusError) {
        let status = settings.prefix + "/status"
        let subscription = try await context.bus.subscribe(
            to: [BusFilter(status), BusFilter(context.topics.filter("select", site, "+", "+"))], limit: 1000,
            overflow: .dropOldest)
        while let batch = await subscription.next() {
            for message in batch {
                if message.topic == status {
                    if message.payload == Array("online".utf8) { await loop.announceAll() }
                } else if !message.retained, !message.payload.isEmpty {
                    await loop.select(message)
                }
            }
        }
    }
}
