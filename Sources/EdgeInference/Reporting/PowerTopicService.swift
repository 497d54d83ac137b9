import BusAPI
import Energy
import ServiceLifecycle
import ServiceRuntime

/// Feeds a power that others publish, such as a smart plug's, to its meter.
struct PowerTopicService: Service {
    let topic: String
    let meter: PowerTopicMeter
    let context: ServiceContext
    let rejections: Rejections
    /// Seconds that run steadily, as the meters count them.
    let clock: @Sendable () -> Double

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await work() } catch let error as BusError where error.code == .closed {}
        }
    }

    private func work() async throws(BusError) {
        let readings = try await context.bus.subscribe(
            to: [BusFilter(topic, qos: .atMostOnce)], limit: 100, overflow: .dropOldest)
        while let batch = await readings.next() {
            for message in batch where !message.payload.isEmpty {
                do throws(EnergyError) { try meter.take(message.payload, now: clock()) } catch {
                    rejections.put(message.topic, code: "\(error.code)", reason: error.message)
                }
            }
        }
    }
}
