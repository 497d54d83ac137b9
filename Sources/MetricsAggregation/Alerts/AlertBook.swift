import JSON
import Telemetry

/// All alerts as a synchronous state machine: messages and time in, alerts to publish out.
///
/// What is retained on `alert/` is its memory: an alert that stood when the process ended stands on.
struct AlertBook: Sendable {
    /// What is known of a subject at one moment.
    struct Finding: Sendable, Equatable {
        var reading: AlertGate.Reading
        /// Nothing where the time that it has lasted is what counts.
        var value: Double?
        var threshold: Double?
        var unit: String?
        /// What is wrong and what to do; while it is bad.
        var message = ""

        static let good = Finding(reading: .good)
        static let unclear = Finding(reading: .unclear)
    }

    struct Entry: Sendable {
        var gate: AlertGate
        var finding: Finding?
        /// What is said while it is raised.
        var standing: AlertMessage?
        /// When it was taken up from a message retained before a restart, until something is found again.
        var restored: Double?
    }

    /// Alerts at most; further ones are counted and left out.
    private static let capacity = 20_000
    /// Seconds after a restart within which something must be heard of an alert's subject.
    private static let settleSeconds = 60.0

    let settings: AlertSettings
    private(set) var entries: [AlertID: Entry] = [:]
    /// What is still to be said: a raised alert is retained, a resolved one said and taken back.
    private(set) var pending: [AlertID: AlertMessage] = [:]
    /// Since the start, by kind.
    private(set) var raised: [AlertID.Kind: Int] = [:]
    private(set) var resolved: [AlertID.Kind: Int] = [:]
    private(set) var refused = 0
    /// What the findings are made of.
    var facts = FleetFacts()

    init(settings: AlertSettings) { self.settings = settings }

    /// Alerts that stand, by kind.
    var standing: [AlertID.Kind: Int] {
        entries.reduce(into: [:]) { if $1.value.gate.isRaised { $0[$1.key.kind, default: 0] += 1 } }
    }

    // MARK: What is found

    mutating func find(_ finding: Finding, _ alert: AlertID, now: Double) {
        guard var entry = entries[alert] ?? newEntry(for: finding) else { return }
        entry.gate.take(finding.reading, now: now)
        entry.finding = finding
        entry.restored = nil
        entries[alert] = entry
        look(at: alert, now: now)
    }

    /// What is neither bad nor remembered needs no entry.
    private mutating func newEntry(for finding: Finding) -> Entry? {
        guard case .bad = finding.reading else { return nil }
        guard entries.count < Self.capacity else {
            refused += 1
            return nil
        }
        return Entry(gate: AlertGate(resolveAfter: settings.resolveAfter, perHour: settings.perHour))
    }

    /// Resolves an alert whose subject is gone.
    mutating func drop(_ alert: AlertID, _ why: String, now: Double) {
        guard let entry = entries[alert] else { return }
        if entry.gate.isRaised { resolve(alert, why, now: now) } else { entries[alert] = nil }
    }

    /// What time has changed.
    mutating func look(now: Double) {
        for (alert, entry) in entries {
            if let restored = entry.restored, now - restored >= Self.settleSeconds {
                resolve(alert, "nothing is heard of it any more", now: now)
            } else {
                look(at: alert, now: now)
            }
            if entries[alert]?.gate.isIdle(now: now) == true { entries[alert] = nil }
        }
    }

    private mutating func look(at alert: AlertID, now: Double) {
        guard var entry = entries[alert], let finding = entry.finding else { return }
        let lasted = now - entry.gate.readingSince
        switch entry.gate.look(now: now) {
        case .raised:
            let message = AlertMessage(
                t: now, state: .raised, since: now,
                value: finding.value ?? (finding.unit == "s" ? lasted.rounded() : nil),
                threshold: finding.threshold, unit: finding.unit, message: finding.message)
            entry.standing = message
            entries[alert] = entry
            pending[alert] = message
            raised[alert.kind, default: 0] += 1
        case .resolved:
            entries[alert] = entry
            say(resolved: alert, "it is right again", now: now)
        case nil: break
        }
    }

    private mutating func resolve(_ alert: AlertID, _ why: String, now: Double) {
        entries[alert]?.gate.resolve(now: now)
        say(resolved: alert, why, now: now)
    }

    private mutating func say(resolved alert: AlertID, _ why: String, now: Double) {
        guard var message = entries[alert]?.standing else { return }
        message.t = now
        message.state = .resolved
        message.message = "resolved after \(Int((now - message.since).rounded())) s: \(why)"
        entries[alert]?.standing = nil
        entries[alert]?.finding = nil
        entries[alert]?.restored = nil
        pending[alert] = message
        resolved[alert.kind, default: 0] += 1
    }

    // MARK: What is said

    /// Takes up what was retained before this process began, or before the broker was lost.
    ///
    /// - Throws: `JSONError` where it is no alert of ours.
    mutating func restore(_ alert: AlertID, _ payload: [UInt8], now: Double) throws(JSONError) {
        guard !payload.isEmpty else { return }
        let message = try AlertMessage(payload: payload)
        guard pending[alert] == nil, entries[alert]?.gate.isRaised != true, message.state == .raised else { return }
        if let entry = entries[alert], entry.gate.wasResolved {
            // Somebody kept what we have taken back.
            var last = message
            last.t = now
            last.state = .resolved
            pending[alert] = last
            return
        }
        guard entries[alert] != nil || entries.count < Self.capacity else {
            refused += 1
            return
        }
        var entry =
            entries[alert] ?? Entry(gate: AlertGate(resolveAfter: settings.resolveAfter, perHour: settings.perHour))
        entry.gate.restore(since: message.since)
        entry.standing = message
        entry.restored = entry.finding == nil ? now : nil
        entries[alert] = entry
    }

    /// The broker has taken what was pending.
    mutating func said(_ alert: AlertID, _ message: AlertMessage) {
        if pending[alert] == message { pending[alert] = nil }
    }

    /// A broker that comes back may have lost what it retained.
    mutating func repeatStanding() {
        for (alert, entry) in entries where pending[alert] == nil {
            if let message = entry.standing { pending[alert] = message }
        }
    }
}
