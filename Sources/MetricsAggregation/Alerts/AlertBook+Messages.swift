import BusAPI
import JSON
import Telemetry

/// What messages say that alerts are made of.
extension AlertBook {
    /// What to receive; alerts that stand come first.
    static func filters(_ topics: TopicSpace) -> [BusFilter] {
        [
            topics.filter("alert", "#"), topics.filter("status", "edge-inferencer", "+"),
            topics.filter("availability", "service", "edge-inferencer", "+"),
            topics.filter("model", "+", "installed", "+", "+"), topics.filter("accuracy", "+", "+"),
            topics.filter("device", "+", "+"),
        ].map { BusFilter($0) }
    }

    /// Takes one message; topics that no alert is made of change nothing.
    ///
    /// - Throws: `JSONError`; nothing is changed then.
    mutating func take(_ topic: Topic, _ message: BusMessage, now: Double) throws(JSONError) {
        let payload = message.payload
        switch topic {
        case .alert(let alert):
            // What we say ourselves comes back live.
            if message.retained { try restore(alert, payload, now: now) }
        case .status(_, let instance):
            guard !payload.isEmpty else { return forget(instance, now: now) }
            take(try StatusMessage(payload: payload), instance, now: now)
        case .serviceAvailability(_, let instance):
            guard !payload.isEmpty else { return }
            facts.online.set(payload == Array("online".utf8), for: instance, within: FleetFacts.capacity)
            judgePresence(instance, now: now)
        case .installed(let model, let edge):
            guard !payload.isEmpty else {
                facts.install(nil, model: model, edge)
                drop(.updateFailing(model: model, edge), "the edge no longer has the model", now: now)
                return judgeAccuracies(model, now: now)
            }
            facts.install(try InstalledMessage(payload: payload), model: model, edge)
            judgeUpdate(model, edge, now: now)
            judgeAccuracies(model, now: now)
        case .accuracy(let model, let version):
            guard !payload.isEmpty else {
                facts.accuracies[model]?[version] = nil
                return drop(.accuracyBelowGuard(model: model, version: version), "its scores are gone", now: now)
            }
            let score = try AccuracyMessage(payload: payload)
            var versions = facts.accuracies[model] ?? [:]
            versions.set(score, for: version, within: FleetFacts.capacity)
            facts.accuracies.set(versions, for: model, within: 4096)
            judgeAccuracies(model, now: now)
        case .device(let device):
            guard !payload.isEmpty else { return drop(.batteryLow(device), "the device was forgotten", now: now) }
            judgeBattery(try DeviceMessage(payload: payload), device, now: now)
        default: break
        }
    }

    private mutating func take(_ status: StatusMessage, _ instance: String, now: Double) {
        guard let site = status.details["site"]?.string, Slug.isValid(site) else { return }
        if let before = facts.sites[instance], before != site { forget(instance, now: now) }
        facts.sites.set(site, for: instance, within: FleetFacts.capacity)
        judgePresence(instance, now: now)
        judgeSpool(status, EdgeID(site: site, edge: instance), now: now)
        judgeDrift(status, EdgeID(site: site, edge: instance), now: now)
    }

    /// An edge whose retained status was taken back is no longer part of the fleet.
    private mutating func forget(_ instance: String, now: Double) {
        guard let edge = facts.edge(instance) else { return }
        facts.sites[instance] = nil
        drop(.edgeOffline(edge), "the edge was forgotten", now: now)
        drop(.spoolFilling(edge), "the edge was forgotten", now: now)
        for alert in facts.drift.keys where Array(alert.names.dropFirst()) == [edge.site, edge.edge] {
            facts.drift[alert] = nil
            drop(alert, "the edge was forgotten", now: now)
        }
    }

    // MARK: Edges

    private mutating func judgePresence(_ instance: String, now: Double) {
        guard let edge = facts.edge(instance), let isOnline = facts.online[instance] else { return }
        let finding =
            isOnline
            ? Finding.good
            : Finding(
                reading: .bad(after: settings.offlineSeconds), threshold: settings.offlineSeconds, unit: "s",
                message:
                    "the edge \(edge.edge) at \(edge.site) is offline: see whether it has power and network, whether "
                    + "the process runs, and whether it reaches the broker; an edge that is gone for good is taken back "
                    + "by an empty retained message on status/edge-inferencer/\(edge.edge)")
        find(finding, .edgeOffline(edge), now: now)
        for model in facts.installed[edge].map({ Array($0.keys) }) ?? [] { judgeUpdate(model, edge, now: now) }
    }

    private mutating func judgeSpool(_ status: StatusMessage, _ edge: EdgeID, now: Double) {
        guard let spool = status.details["spool"]?.object, let bytes = spool["bytes"]?.number,
            let limit = spool["limit"]?.number, limit > 0
        else { return }
        let share = bytes / limit
        var finding = Finding.unclear
        if share >= settings.spoolShare {
            finding = Finding(
                reading: .bad(after: 0), value: share, threshold: settings.spoolShare,
                message:
                    "the spool of \(edge.edge) at \(edge.site) holds \(Int(bytes)) of \(Int(limit)) bytes, and beyond "
                    + "the oldest windows are lost: see why the broker does not take them (its log, its limits, the "
                    + "network); edge.spool.bytes makes it larger")
        } else if share <= settings.spoolShare / 2 {
            finding = .good
        }
        find(finding, .spoolFilling(edge), now: now)
    }

    private mutating func judgeUpdate(_ model: String, _ edge: EdgeID, now: Double) {
        guard let report = facts.installed[edge]?[model] else { return }
        let alert = AlertID.updateFailing(model: model, edge)
        guard let desired = report.desired, desired != report.running else {
            return find(.good, alert, now: now)
        }
        let runs = report.running.map { "still runs version \($0)" } ?? "runs none"
        if report.state == .refused || report.refused.contains(where: { $0.version == desired }) {
            let reason = report.refused.last { $0.version == desired }?.reason ?? report.refused.last?.reason
            return find(
                Finding(
                    reading: .bad(after: 0),
                    message: "\(edge.edge) at \(edge.site) refuses version \(desired) of \(model) and \(runs): "
                        + "\(reason ?? "no reason given"); offer a better student, or release an earlier version with "
                        + "retort models rollback"), alert, now: now)
        }
        // An edge that is away cannot install; edge-offline speaks of it.
        guard facts.online[edge.edge] != false else { return find(.unclear, alert, now: now) }
        let chunks = report.chunks.map { ", \(report.chunksHave ?? 0) of \($0) chunks" } ?? ""
        find(
            Finding(
                reading: .bad(after: settings.updateSeconds), threshold: settings.updateSeconds, unit: "s",
                message: "\(edge.edge) at \(edge.site) wants version \(desired) of \(model) and \(runs) "
                    + "(\(report.state.rawValue)\(chunks)): see whether the registry runs, whether its metadata has "
                    + "expired, and what reject/edge-inferencer says"), alert, now: now)
    }

    private mutating func judgeDrift(_ status: StatusMessage, _ edge: EdgeID, now: Double) {
        guard let gates = status.details["gates"]?.object else { return }
        for model in gates.keys where Slug.isValid(model) {
            guard let gate = gates[model]?.object, let version = gate["version"]?.integer,
                let windows = gate["windows"]?.integer, let uncertain = gate["uncertain"]?.integer
            else { continue }
            let alert = AlertID.drift(model: model, edge)
            var track = facts.drift[alert] ?? DriftTrack()
            let seen = track.take(
                DriftTrack.Count(windows: Int(windows), uncertain: Int(uncertain)),
                run: "\(status.session) \(version)", windows: settings.driftWindows)
            facts.drift.set(track, for: alert, within: FleetFacts.capacity)
            guard let seen else { continue }
            find(driftFinding(seen, alert, version: version, edge), alert, now: now)
        }
    }

    private func driftFinding(
        _ seen: DriftTrack.Finding, _ alert: AlertID, version: Int64, _ edge: EdgeID
    ) -> Finding {
        // While it stands, what it was measured against stays: the drift itself would become the rule.
        let entry = entries[alert]
        let standing = entry?.gate.isRaised == true ? entry?.standing?.threshold : nil
        guard let threshold = standing ?? seen.before.map({ $0.high + settings.driftMargin }) else { return .unclear }
        if seen.recent.low > threshold {
            let (now, then) = (Self.percent(seen.recent.value), seen.before.map { Self.percent($0.value) })
            return Finding(
                reading: .bad(after: settings.driftSeconds), value: seen.recent.value, threshold: threshold,
                message:
                    "version \(version) of \(alert.names[0]) on \(edge.edge) at \(edge.site) is unsure of \(now) of "
                    + "its last windows\(then.map { ", before of \($0)" } ?? ""): look at the sensors, label some "
                    + "windows of now, and train anew (a job on job/request)")
        }
        return seen.recent.high < threshold - settings.driftMargin / 2 ? .good : .unclear
    }

    // MARK: Models and devices

    /// All versions of a model, for what edges run decides which of them matter.
    private mutating func judgeAccuracies(_ model: String, now: Double) {
        for (version, score) in facts.accuracies[model] ?? [:] {
            let alert = AlertID.accuracyBelowGuard(model: model, version: version)
            guard facts.isRun(model, version) else {
                drop(alert, "no edge runs it any more", now: now)
                continue
            }
            guard let accuracy = score.accuracy, score.scored >= settings.accuracyScored else {
                find(.unclear, alert, now: now)
                continue
            }
            let limit = settings.accuracyGuard(of: model)
            var finding = Finding.unclear
            if accuracy.high < limit {
                finding = Finding(
                    reading: .bad(after: settings.accuracySeconds), value: accuracy.high, threshold: limit,
                    message: "version \(version) of \(model) is right in \(Self.percent(accuracy.low)) to "
                        + "\(Self.percent(accuracy.high)) of \(score.scored) scored windows, its guard is "
                        + "\(Self.percent(limit)): label more windows and train anew, or go back with retort models "
                        + "rollback")
            } else if accuracy.high >= min(1, limit + settings.accuracyMargin) {
                finding = .good
            }
            find(finding, alert, now: now)
        }
    }

    private mutating func judgeBattery(_ message: DeviceMessage, _ device: DeviceID, now: Double) {
        let alert = AlertID.batteryLow(device)
        guard let battery = message.battery else { return drop(alert, "it has no battery", now: now) }
        let isFlat = battery.percent <= settings.batteryPercent
        let isEnding = battery.daysLeft.map { $0 <= settings.batteryDays } ?? false
        var finding = Finding.unclear
        if isFlat || isEnding {
            let days = battery.daysLeft.map { ", \(Int($0)) days left at its pace" } ?? ""
            finding = Finding(
                reading: .bad(after: 0), value: battery.percent, threshold: settings.batteryPercent, unit: "%",
                message: "the battery of \(device.device) at \(device.site) is at \(Int(battery.percent)) %\(days): "
                    + "charge or change it")
        } else if battery.percent >= settings.batteryPercent + 5,
            battery.daysLeft.map({ $0 >= settings.batteryDays * 2 }) ?? true
        {
            finding = .good
        }
        find(finding, alert, now: now)
    }

    private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
}
