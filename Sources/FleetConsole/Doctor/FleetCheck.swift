import JSON
import ModelArtifact
import Telemetry

/// What is wrong with a fleet, by its retained topics and what was heard for a while: a pure function of both.
struct FleetCheck {
    let fleet: FleetView
    let heard: HeardTraffic
    /// Seconds that were listened for.
    let seconds: Double
    /// Unix seconds.
    let now: Double

    private static let services = [
        "model-registry": "nothing new is signed or released, and no edge gets an update",
        "metrics-aggregator": "nobody counts decisions, accuracy and energy",
        "cloud-distiller": "no student is trained, and edges that are unsure are not answered",
        "edge-inferencer": "nobody listens to sensors",
    ]

    func run() -> [DoctorFinding] {
        services + versions + clocks + edges + readers + questions + leftovers + rejects
    }

    // MARK: Who is there

    private var online: [String] { fleet.services.filter(\.value).keys.sorted() }

    private var services: [DoctorFinding] {
        guard !fleet.services.isEmpty else {
            return [
                .error(
                    "services", "nothing of Retort has ever spoken below \(fleet.topics.root) on this broker",
                    do: "start the services (`retort up`, docs/operations.md), or name their root with --root")
            ]
        }
        var findings: [DoctorFinding] = []
        for (executable, loss) in Self.services.sorted(by: { $0.key < $1.key }) {
            let own = online.filter { $0.hasPrefix(executable + "/") }
            if own.isEmpty {
                findings.append(
                    .warning(
                        "services.\(executable)", "no \(executable) is online: \(loss)",
                        do: "start one; its log says why it ended"))
            } else if own.count > 1, executable == "model-registry" || executable == "metrics-aggregator" {
                findings.append(
                    .warning(
                        "services.\(executable)", "\(own.count) are online: \(own.joined(separator: ", "))",
                        do: "stop all but one: they speak on the same topics"))
            } else {
                findings.append(.ok("services.\(executable)", own.joined(separator: ", ")))
            }
        }
        let gone = fleet.services.filter { !$0.value }.keys.sorted()
        for name in gone {
            findings.append(
                .warning(
                    "services.offline", "\(name) is offline",
                    do:
                        "start it again, or, if it is gone for good, take back what it retained: an empty retained message on "
                        + "\(fleet.topics.root)/availability/service/\(name) and status/\(name)"))
        }
        return findings
    }

    private var versions: [DoctorFinding] {
        let spoken = Dictionary(grouping: online.filter { fleet.statuses[$0] != nil }) {
            fleet.statuses[$0]?.version ?? ""
        }
        guard spoken.count > 1 else { return spoken.keys.map { .ok("services.version", "all are of version \($0)") } }
        let words = spoken.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.sorted().joined(separator: ", "))" }
        return [
            .warning(
                "services.version", words.joined(separator: "; "),
                do: "bring all to one version, the registry first and edges last (docs/operations.md)")
        ]
    }

    private var clocks: [DoctorFinding] {
        let off = heard.skews.filter { abs($0.value) > 2 }.sorted { $0.key < $1.key }
        guard !heard.skews.isEmpty else { return [] }
        guard !off.isEmpty else {
            return [.ok("services.clock", "\(heard.skews.count) services' clocks agree with this machine's within 2 s")]
        }
        return off.map { name, skew in
            let host = fleet.statuses[name].map { " on \($0.host)" } ?? ""
            let words = "\(Quantity.age(abs(skew))) \(skew > 0 ? "behind" : "ahead of") this machine's"
            return .warning(
                "services.clock", "the clock of \(name)\(host) is \(words)",
                do: "set that clock, or this one, by network time: labels, windows and expiries go by it")
        }
    }

    // MARK: Edges

    private var edges: [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for (name, status) in fleet.statuses.sorted(by: { $0.key < $1.key }) where name.hasPrefix("edge-inferencer/") {
            guard fleet.services[name] == true else { continue }
            findings += edge(name, status)
        }
        for (key, message) in fleet.installed.sorted(by: { ($0.key.edge, $0.key.model) < ($1.key.edge, $1.key.model) })
        where message.state == .refused || !message.refused.isEmpty {
            let reasons = message.refused.suffix(2).map { "version \($0.version): \($0.reason)" }
            findings.append(
                .warning(
                    "edges.update", "\(key.edge) does not install \(key.model): \(reasons.joined(separator: "; "))",
                    do: "release another version, or the one before (`retort models rollback \(key.model)`)"))
        }
        return findings
    }

    private func edge(_ name: String, _ status: StatusMessage) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        if let others = status.details["conflicts"]?.object?["edges"]?.elements?.compactMap(\.string), !others.isEmpty {
            findings.append(
                .warning(
                    "edges.conflict", "\(name) and \(others.joined(separator: ", ")) serve one site",
                    do: "give each a site of its own (edge.site), or stop all but one"))
        }
        if let others = status.details["sharedSources"]?.elements?.compactMap(\.string), !others.isEmpty {
            findings.append(
                .warning(
                    "edges.conflict", "\(name) takes the same publishers as \(others.joined(separator: ", "))",
                    do: "give the sources a site, or each edge topics of its own"))
        }
        findings += trust(name, status.details["trust"]?.object ?? [:])
        for (meter, why) in status.details["metersUnavailable"]?.object ?? [:] {
            guard let why = why.string, why.contains("may not be read") else { continue }
            findings.append(
                .warning(
                    "edges.meter", "\(name) may not read its meter \(meter): \(why)",
                    do: "on that machine: chmod a+r the file (a udev rule or tmpfiles.d keeps it over boots)"))
        }
        if let errors = status.counters["storageErrors"], errors > 0 {
            findings.append(
                .warning(
                    "edges.disk", "\(name) failed to write \(errors) times",
                    do: "look at the free space and the permissions of its state folder"))
        }
        return findings
    }

    private func trust(_ name: String, _ trust: JSONObject) -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        switch trust["state"]?.string {
        case "ready":
            if trust["development"] != nil {
                findings.append(
                    .warning(
                        "edges.trust", "\(name) trusts development keys, which the registry made at its first start",
                        do:
                            "fine for trying out; else give the registry keys of your own (docs/operations.md#keys-of-your-own)"
                    ))
            }
            if let why = trust["clock"]?.string {
                findings.append(
                    .warning("edges.clock", "\(name): \(why)", do: "give it network time, or a real-time clock"))
            }
        case "expired":
            findings.append(
                .warning(
                    "edges.trust", "\(name) holds metadata that has expired: it installs nothing new",
                    do: "start the registry, which renews it, and see that the edge hears trust/timestamp"))
        case "root":
            findings.append(
                .error(
                    "edges.trust", "\(name) has no root of trust: \(trust["why"]?.string ?? "its file is missing")",
                    do: "give it the registry's root.json (edge.rootFile)"))
        default: break
        }
        return findings
    }

    // MARK: Topics that nobody reads

    /// Sites of the edges that are online.
    private var servedSites: Set<String> {
        Set(
            fleet.statuses.filter { $0.key.hasPrefix("edge-inferencer/") && fleet.services[$0.key] == true }
                .compactMap { $0.value.details["site"]?.string })
    }

    private var readers: [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for (topic, count) in heard.strangeTopics.sorted(by: { $0.key < $1.key }).prefix(5) {
            findings.append(
                .warning(
                    "topics.unread", "\(TextTable.printable(topic)) (\(count) messages) is no topic of ours",
                    do: "publish on telemetry/SITE/DEVICE with names of [a-z0-9._-], or describe it in a sources file"))
        }
        let served = servedSites
        let bySite = Dictionary(grouping: heard.telemetry.keys, by: \.site)
        for (site, devices) in bySite.sorted(by: { $0.key < $1.key }) where !served.contains(site) {
            findings.append(
                .error(
                    "topics.unread",
                    "nobody reads telemetry/\(site)/…: \(devices.count) devices send and no edge serves the site",
                    do: "start an edge-inferencer with edge.site=\(site), or send under a site that is served "
                        + "(\(served.isEmpty ? "none is" : served.sorted().joined(separator: ", ")))"))
        }
        let reached = heard.telemetry.keys.filter { served.contains($0.site) }.sorted()
        findings += Self.few(reached.filter { device in !tasks(of: device).contains { _ in true } }) { names in
            .warning(
                "topics.unread", "no task covers \(names): their telemetry is read and nothing is made of it",
                do: "make a task for them (`retort models create --device …`), or add them to one's \"devices\"")
        }
        findings += Self.few(reached.filter(isSilent)) { names in
            .warning(
                "topics.undecided", "\(names) send and nothing is decided on them, though their edge has a student",
                do: "see reject/ and the edge's status (late, dropped, missing channels), and `retort device NAME`")
        }
        if findings.isEmpty, !heard.telemetry.isEmpty {
            findings.append(.ok("topics.unread", "\(heard.telemetry.count) devices send, and an edge reads each"))
        } else if heard.telemetry.isEmpty {
            findings.append(.ok("topics.unread", "no device sent anything in \(Quantity.seconds(seconds))"))
        }
        return findings
    }

    private func tasks(of device: DeviceID) -> [TaskDocument] {
        heard.tasks.values.filter { $0.covers(site: device.site, device: device.device) }
    }

    /// Whether a device should have been decided on by now and was not.
    private func isSilent(_ device: DeviceID) -> Bool {
        guard heard.inferences[device] == nil, heard.telemetry[device, default: 0] > 1 else { return false }
        return tasks(of: device).contains { task in
            guard task.windowSeconds * 2 < seconds else { return false }
            return fleet.installed.contains {
                $0.key.model == task.name && $0.key.edge.site == device.site && $0.value.running != nil
            }
        }
    }

    /// One finding about several devices, the first few of which are named.
    private static func few(_ devices: [DeviceID], _ finding: (String) -> DoctorFinding) -> [DoctorFinding] {
        guard !devices.isEmpty else { return [] }
        let names = devices.prefix(4).map(\.description).joined(separator: ", ")
        return [finding(names + (devices.count > 4 ? " and \(devices.count - 4) more" : ""))]
    }

    private var questions: [DoctorFinding] {
        // What was asked just now may still be answered.
        let waiting = heard.questions.values.filter { now - $0.heard > min(3, seconds / 2) }
        guard !waiting.isEmpty else {
            return heard.verdicts > 0 ? [.ok("topics.unanswered", "\(heard.verdicts) windows were answered")] : []
        }
        let models = Set(waiting.map(\.model)).sorted().joined(separator: ", ")
        return [
            .warning(
                "topics.unanswered",
                "\(waiting.count) windows were uploaded for a verdict and not answered (\(models))",
                do:
                    "is a cloud-distiller online, or a teacher of your own, and has it a teacher for the model? Its status "
                    + "counts `unanswered`")
        ]
    }

    // MARK: What stands for nobody

    private var leftovers: [DoctorFinding] {
        var findings: [DoctorFinding] = []
        let known = Set(fleet.statuses.values.compactMap { $0.details["site"]?.string })
        let orphans = heard.retainedDevices.filter { !known.contains($0.site) && heard.telemetry[$0] == nil }.sorted()
        if !orphans.isEmpty {
            let sites = Set(orphans.map(\.site)).sorted().map { "'\($0)/*'" }.joined(separator: " ")
            findings.append(
                .warning(
                    "topics.leftover", "something is retained about \(orphans.count) devices of sites without any edge",
                    do: "`retort devices forget \(sites)` takes it back"))
        }
        for edge in fleet.edges where fleet.isOnline(edge) == nil {
            findings.append(
                .warning(
                    "topics.leftover",
                    "installed/ or fleet/edge/ is retained for \(edge), and no such edge has said that it is there",
                    do: "empty the retained topics that end in \(edge), if it is gone for good"))
        }
        for (model, targets) in heard.offers.sorted(by: { $0.key < $1.key }) {
            let released = Set(fleet.releases.filter { $0.key.model == model }.map(\.value.digest))
            let wanted = targets.subtracting(released)
            guard !released.isEmpty, !wanted.isEmpty else { continue }
            findings.append(
                .warning(
                    "topics.leftover",
                    "\(wanted.count) updates of \(model) are offered to a student that is not released",
                    do:
                        "the registry takes them back when it starts; if another one made them, empty model/\(model)/offer/…"
                ))
        }
        return findings
    }

    private var rejects: [DoctorFinding] {
        let kinds = Dictionary(grouping: heard.rejects) { "\($0.code) \($0.topic)" }
        return kinds.sorted { $0.key < $1.key }.prefix(8).compactMap { _, rejects in
            guard let last = rejects.last else { return nil }
            return .warning(
                "topics.rejected",
                TextTable.printable("\(last.topic): \(last.reason) (\(last.code), \(last.count) so far)"),
                do: "mend the publisher; `mosquitto_sub -v -t '\(fleet.topics.root)/reject/#'` shows more")
        }
    }
}
