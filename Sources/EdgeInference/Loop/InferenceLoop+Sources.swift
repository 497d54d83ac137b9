import BusAPI
import Logging
import ModelArtifact
import ServiceRuntime
import Telemetry

/// Publishers of any form, by the sources files.
extension InferenceLoop {
    /// Works on a batch of publishers' messages as on telemetry.
    func receive(sources batch: ArraySlice<BusMessage>) {
        let now = context.now()
        var bytes = 0
        for message in batch {
            bytes += message.topic.utf8.count + message.payload.count
            receive(source: message, now: now)
        }
        traffic.received(bytes, messages: batch.count, .telemetry)
        context.board.count("received", by: batch.count)
        flush()
    }

    private func receive(source message: BusMessage, now: Double) {
        guard isLive(message) else { return }
        let decoded: DecodedMessage?
        do throws(SourceError) {
            decoded = try sources?.read(topic: message.topic, payload: message.payload, arrival: now)
        } catch {
            rejections.put(message.topic, code: "\(error.code)", reason: error.message)
            return
        }
        guard let decoded else {
            // A filter is wider than its source, or the source ignores the topic.
            context.board.count("unclaimed")
            return
        }
        if let issue = decoded.issues.first {
            rejections.put(message.topic, code: "value", reason: "\(issue.place): \(issue.reason)")
        }
        for readings in decoded.devices { receive(readings, source: decoded.source, topic: message.topic, now: now) }
    }

    private func receive(_ said: DeviceReadings, source: String, topic: String, now: Double) {
        // A lamp among the sensors has nothing of the source's, and is no device of ours.
        guard !said.readings.isEmpty || said.batteryPercent != nil || said.supplyVolts != nil else { return }
        // Of several edges that hear one publisher, each takes its own site's devices.
        guard said.device.site == settings.site else {
            context.board.count("otherSites")
            return
        }
        let device: HeardDevice
        switch router.device(said.device, now: now) {
        case .device(let known): device = known
        case .refused(let code, let reason):
            rejections.put(topic, code: code, reason: reason)
            return
        }
        guard let document = settings.sources else { return }
        hear(device, now: now)
        device.name = said.originalName
        let first = device.source ?? source
        device.source = first
        device.observe(batteryPercent: said.batteryPercent, supplyVolts: said.supplyVolts, arrival: now)
        if let timed = said.readings.last(where: { !$0.timeIsArrival }) {
            device.observe(deviceTime: timed.t, arrival: now)
        }
        for reading in said.readings {
            device.hears(reading.channel, patience: document.patience(of: reading.channel, source: source))
        }
        for lane in device.lanes.indices {
            let samples = device.lanes[lane].samples(of: said.readings, source: first, in: document, arrival: now)
            if lane == 0 { preview(samples, of: device, now: now) }
            cutJoined(samples, device, lane, now: now)
        }
    }

    /// Makes the samples of devices that say nothing because nothing has changed.
    func joinQuiet(now: Double) {
        for device in router.devices {
            for lane in device.lanes.indices where device.lanes[lane].joining != nil {
                let samples = device.lanes[lane].dueSamples(now: now)
                // Telemetry is shown as it comes; of a source's readings, which come by channel, the first task's samples.
                if lane == 0, device.lanes[lane].joining?.interval == nil { preview(samples, of: device, now: now) }
                cutJoined(samples, device, lane, now: now)
            }
        }
        flush()
    }

    private func cutJoined(_ batches: [SampleBatch], _ device: HeardDevice, _ lane: Int, now: Double) {
        do throws(WindowError) {
            try cut(batches, device, lane, now: now)
        } catch {
            rejections.put(context.topics.string(.device(device.id)), code: "\(error.code)", reason: error.message)
        }
    }

    /// Says which channels of the sources files cannot become a task's.
    func checkUnits(of task: TaskDocument) {
        guard let document = settings.sources else { return }
        let units = Dictionary(task.channels.map { ($0.name, $0.unit) }) { first, _ in first }
        for fault in document.unitFaults(against: units) {
            context.logger.warning(
                "A channel of the sources files cannot become the task's",
                metadata: [EdgeLogKeys.model: "\(task.name)", EdgeLogKeys.error: "\(fault)"])
            rejections.put(
                context.topics.string(.task(model: task.name)), code: "\(fault.code)", reason: fault.message)
        }
    }
}
