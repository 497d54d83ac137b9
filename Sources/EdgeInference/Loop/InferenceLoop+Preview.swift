import BusAPI
import ModelArtifact
import ServiceRuntime
import Telemetry

/// Live signals for whoever looks.
extension InferenceLoop {
    /// Gives a device's signal for a while; requests are for all edges, so others' devices are none of ours.
    func preview(_ device: DeviceID) {
        guard device.site == settings.site else { return }
        previews.request(device, now: context.now())
        countPreviews()
    }

    /// Says what is to be said of samples that a device sent.
    func preview(_ batches: [SampleBatch], of device: HeardDevice, now: Double) {
        guard !previews.isIdle else { return }
        for var batch in batches {
            batch.interval = batch.interval ?? device.lanes.first.map { 1 / $0.task.rate }
            for message in previews.add(batch, of: device.id, now: now) {
                context.board.count("previews")
                stream.append(
                    BusMessage(
                        topic: context.topics.string(.preview(device.id)), payload: message.payload, qos: .atMostOnce,
                        contentType: "application/json"))
            }
        }
    }

    func expirePreviews(now: Double) {
        previews.expire(now: now)
        countPreviews()
    }

    private func countPreviews() {
        context.board.setCount("previewsRefused", to: previews.refused)
        context.board.setCount("previewsDropped", to: previews.dropped)
    }
}
