import ModelArtifact
import Telemetry

/// A device that an edge hears: a class, so that its lanes are changed in place.
final class HeardDevice {
    /// Seconds between two messages about the device on its own topic, at least.
    static let reportInterval = 60.0

    /// What Home Assistant is told of a device.
    struct Announcement: Equatable {
        var name: String
        var hasBattery: Bool
        var tasks: [TaskDocument]
    }

    let id: DeviceID
    var lanes: [DeviceLane] = []
    /// By the clock of this edge.
    var lastArrival: Double
    var isOnline = false
    /// The publisher's own name for it.
    var name: String
    /// The source it was first heard through; nothing for telemetry of our own form.
    var source: String?
    var announcement: Announcement?
    var labels: LabelSelection
    /// Seconds of silence that are nothing unusual for the channels it has; nothing where no source says.
    private(set) var patience: Double?
    private var heard: Set<String> = []
    private var skew = ClockSkew()
    private var lastSkew = -Double.infinity
    private var battery = BatteryTrend()
    private var supplyVolts: Double?
    private var report: DeviceMessage?

    /// - Parameter labelLimit: seconds after which a label that was chosen ends by itself.
    init(id: DeviceID, arrival: Double, labelLimit: Double) {
        self.id = id
        labels = LabelSelection(limit: labelLimit)
        name = id.device
        lastArrival = arrival
    }

    var hasBattery: Bool { battery.last != nil }
    var clockSkew: Double? { skew.seconds }

    /// Notes how long a channel may be silent; a device may be as long as its least patient channel.
    func hears(_ channel: String, patience: @autoclosure () -> Double?) {
        guard heard.insert(channel).inserted, let seconds = patience() else { return }
        self.patience = min(self.patience ?? .infinity, seconds)
    }

    /// Notes how far the device's clock is from ours, at most once a second.
    func observe(deviceTime: Double, arrival: Double) {
        guard arrival - lastSkew >= 1 || arrival < lastSkew else { return }
        lastSkew = arrival
        skew.observe(deviceTime: deviceTime, arrival: arrival)
    }

    func observe(batteryPercent: Double?, supplyVolts: Double?, arrival: Double) {
        if let batteryPercent { battery.add(batteryPercent, at: arrival) }
        if let supplyVolts { self.supplyVolts = supplyVolts }
    }

    /// What to say of the device now; nothing where little has changed since it was said last.
    ///
    /// - Parameter isDue: whether it is said now, although it was said a moment ago.
    func nextReport(now: Double, edge: String, isDue: Bool = false) -> DeviceMessage? {
        let choices = labels.choices
        guard isDue || choices != report?.labelling ?? [:] || now - (report?.t ?? -.infinity) >= Self.reportInterval
        else { return nil }
        let message = DeviceMessage(
            t: now, edge: edge, name: name, source: source, battery: battery.battery, supplyVolts: supplyVolts,
            clockSkew: skew.seconds, labelling: choices)
        if let report, !isDue, !message.differs(from: report) { return nil }
        report = message
        return message
    }
}

extension DeviceMessage {
    /// Whether people would want to know: another name, a percent of charge, 50 mV, half a second.
    fileprivate func differs(from other: DeviceMessage) -> Bool {
        func moved(_ a: Double?, _ b: Double?, by least: Double) -> Bool {
            guard let a, let b else { return (a == nil) != (b == nil) }
            return abs(a - b) >= least
        }
        return edge != other.edge || labelling != other.labelling || name != other.name || source != other.source
            || moved(battery?.percent, other.battery?.percent, by: 1)
            || moved(battery?.daysLeft, other.battery?.daysLeft, by: max(1, 0.1 * (other.battery?.daysLeft ?? 0)))
            || moved(supplyVolts, other.supplyVolts, by: 0.05) || moved(clockSkew, other.clockSkew, by: 0.5)
    }
}
