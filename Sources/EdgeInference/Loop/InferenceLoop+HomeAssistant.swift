import BusAPI
import ModelArtifact
import ServiceRuntime
import Telemetry

/// What Home Assistant is told of devices, and what people tell there.
extension InferenceLoop {
    /// Describes devices that are new or have changed.
    func announceChanged() {
        guard let homeAssistant else { return }
        for device in router.devices {
            let tasks = device.lanes.map(\.task).sorted { $0.name < $1.name }
            let announcement = HeardDevice.Announcement(name: device.name, hasBattery: device.hasBattery, tasks: tasks)
            guard device.announcement != announcement else { continue }
            device.announcement = announcement
            outbox.latest.put(
                BusMessage(
                    topic: HomeAssistantTopic.config(prefix: homeAssistant.prefix, device.id),
                    payload: homeAssistant.payload(
                        device.id, name: announcement.name, hasBattery: announcement.hasBattery, tasks: tasks),
                    retained: true, contentType: "application/json"))
        }
    }

    /// Describes every device again: Home Assistant has just started.
    func announceAll() {
        for device in router.devices { device.announcement = nil }
        announceChanged()
    }

    /// Takes a choice on `select/`: a class, or that nothing is labelled any more.
    func select(_ message: BusMessage) {
        let now = context.now()
        guard case .select(let id, let model) = context.topics.parse(message.topic) else {
            rejections.put(
                message.topic, code: "topic", reason: "no select topic: {root}/select/{site}/{device}/{model}")
            return
        }
        guard let device = router.known(id), let lane = device.lanes.first(where: { $0.task.name == model }) else {
            rejections.put(message.topic, code: "device", reason: "\(id) is not heard here, or \(model) not run on it")
            return
        }
        let text = String(decoding: message.payload, as: UTF8.self)
        let isNone = text == HomeAssistantDiscovery.noLabel
        guard isNone || lane.task.classIndex(text) != nil else {
            rejections.put(message.topic, code: "label", reason: "\"\(text.prefix(60))\" is no class of \(model)")
            return
        }
        let ended = device.labels.choose(
            isNone ? nil : text, model: model, device: id, skew: device.clockSkew ?? 0, now: now)
        if let ended { say(ended, of: device) }
        report(device, now: now, isDue: true)
    }

    /// Says labels that go on.
    func sayLabels(now: Double) {
        for device in router.devices where !device.labels.choices.isEmpty {
            for label in device.labels.due(skew: device.clockSkew ?? 0, now: now) { say(label, of: device) }
        }
    }

    private func say(_ label: LabelMessage, of device: HeardDevice) {
        outbox.uploads.put(
            contentsOf: [
                BusMessage(
                    topic: context.topics.string(.label(device.id)), payload: label.payload,
                    contentType: "application/json")
            ])
    }
}
