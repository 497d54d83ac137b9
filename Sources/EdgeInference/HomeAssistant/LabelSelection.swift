import Telemetry

/// What people say, by a select, that a device is doing now: a label that grows from the choice until the next one.
struct LabelSelection: Sendable {
    /// Seconds between two messages about a label that goes on, each with a later end and the same id.
    static let interval = 30.0

    private struct Open {
        let id: String
        let label: String
        /// By the edge's clock.
        let began: Double
        var said: Double
    }

    /// Seconds after which a choice that was forgotten ends by itself.
    let limit: Double
    private var open: [String: Open] = [:]

    init(limit: Double) { self.limit = limit }

    /// The class being labelled, by model.
    var choices: [String: String] { open.mapValues(\.label) }

    /// Ends what was chosen before, and begins anew; nothing chosen ends only.
    ///
    /// - Returns: the label that ended, where there was one.
    mutating func choose(
        _ label: String?, model: String, device: DeviceID, skew: Double, now: Double
    ) -> LabelMessage? {
        let ended = open.removeValue(forKey: model).flatMap { message($0, until: now, skew: skew, now: now) }
        if let label {
            open[model] = Open(
                id: "select-\(device.device)-\(model)-\(Int(now * 1000))", label: label, began: now, said: now)
        }
        return ended
    }

    /// Labels to say again with a later end; those beyond the limit end.
    mutating func due(skew: Double, now: Double) -> [LabelMessage] {
        var messages: [LabelMessage] = []
        for (model, entry) in open where now - entry.said >= Self.interval || now - entry.began >= limit {
            let end = min(now, entry.began + limit)
            if let message = message(entry, until: end, skew: skew, now: now) { messages.append(message) }
            open[model]?.said = now
            if now - entry.began >= limit { open[model] = nil }
        }
        return messages
    }

    /// A label in the device's time.
    private func message(_ entry: Open, until end: Double, skew: Double, now: Double) -> LabelMessage? {
        guard end > entry.began else { return nil }
        return LabelMessage(
            t: now, id: entry.id, from: entry.began + skew, to: end + skew, content: .label(entry.label))
    }
}
