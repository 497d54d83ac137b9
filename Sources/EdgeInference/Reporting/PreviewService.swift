import BusAPI
import JSON
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Hears who wants to look at a device's signal.
struct PreviewService: Service {
    let context: ServiceContext
    let loop: InferenceLoop
    let rejections: Rejections

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await work() } catch let error as BusError where error.code == .closed {}
        }
    }

    private func work() async throws(BusError) {
        let topic = context.topics.string(.previewRequest)
        let subscription = try await context.bus.subscribe(
            to: [BusFilter(topic, qos: .atMostOnce)], limit: 1000, overflow: .dropOldest)
        while let batch = await subscription.next() {
            // A retained request is of some other time.
            for message in batch where !message.retained && !message.payload.isEmpty {
                do throws(JSONError) {
                    await loop.preview(try PreviewRequest(payload: message.payload).device)
                } catch {
                    rejections.put(message.topic, code: "\(error.code)", reason: "\(error)")
                }
            }
        }
    }
}
