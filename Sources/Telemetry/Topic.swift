/// Every topic under the root, as a value; `docs/asyncapi.yaml` describes what each carries.
public enum Topic: Sendable, Hashable {
    case telemetry(DeviceID)
    case label(DeviceID)
    case truth(DeviceID)
    case inference(DeviceID, model: String)
    case state(DeviceID, model: String)
    case window(DeviceID, model: String)
    case verdict(DeviceID, model: String)
    case serviceAvailability(executable: String, instance: String)
    case deviceAvailability(DeviceID)
    case device(DeviceID)
    case select(DeviceID, model: String)
    case status(executable: String, instance: String)
    case energy(EdgeID)
    case accuracy(model: String, version: Int)
    case fleetSummary
    case fleetSite(String)
    case fleetEdge(EdgeID)
    case fleetDevice(DeviceID)
    case previewRequest
    case preview(DeviceID)
    case fleetHistory(model: String)
    case jobRequest
    case jobProgress(id: String)
    case task(model: String)
    case taskProposal(model: String)
    case candidate(model: String, digest: String)
    case candidateResult(model: String, digest: String)
    case root(version: Int)
    case targets
    case snapshot
    case timestamp
    case release(model: String, channel: String)
    case rollback(model: String)
    case installed(model: String, EdgeID)
    case offer(model: String, base: String, target: String)
    case need(model: String, EdgeID)
    case chunk(digest: String, index: Int)
    case reject(executable: String)
    case alert(AlertID)
    /// What `retort doctor` says to itself, to try the broker.
    case doctor(token: String, trial: String)

    /// The levels below the root.
    public var levels: [String] {
        switch self {
        case .telemetry(let id): ["telemetry", id.site, id.device]
        case .label(let id): ["label", id.site, id.device]
        case .truth(let id): ["truth", id.site, id.device]
        case .inference(let id, let model): ["inference", id.site, id.device, model]
        case .state(let id, let model): ["state", id.site, id.device, model]
        case .window(let id, let model): ["window", id.site, id.device, model]
        case .verdict(let id, let model): ["verdict", id.site, id.device, model]
        case .serviceAvailability(let executable, let instance): ["availability", "service", executable, instance]
        case .deviceAvailability(let id): ["availability", "device", id.site, id.device]
        case .device(let id): ["device", id.site, id.device]
        case .select(let id, let model): ["select", id.site, id.device, model]
        case .status(let executable, let instance): ["status", executable, instance]
        case .energy(let id): ["energy", id.site, id.edge]
        case .accuracy(let model, let version): ["accuracy", model, String(version)]
        case .fleetSummary: ["fleet", "summary"]
        case .fleetSite(let site): ["fleet", "site", site]
        case .fleetEdge(let id): ["fleet", "edge", id.site, id.edge]
        case .fleetDevice(let id): ["fleet", "device", id.site, id.device]
        case .previewRequest: ["preview", "request"]
        case .preview(let id): ["preview", id.site, id.device]
        case .fleetHistory(let model): ["fleet", "history", model]
        case .jobRequest: ["job", "request"]
        case .jobProgress(let id): ["job", id, "progress"]
        case .task(let model): ["model", model, "task"]
        case .taskProposal(let model): ["model", model, "task", "proposal"]
        case .candidate(let model, let digest): ["model", model, "candidate", digest]
        case .candidateResult(let model, let digest): ["model", model, "candidate", digest, "result"]
        case .root(let version): ["trust", "root", String(version)]
        case .targets: ["trust", "targets"]
        case .snapshot: ["trust", "snapshot"]
        case .timestamp: ["trust", "timestamp"]
        case .release(let model, let channel): ["model", model, "release", channel]
        case .rollback(let model): ["model", model, "rollback"]
        case .installed(let model, let id): ["model", model, "installed", id.site, id.edge]
        case .offer(let model, let base, let target): ["model", model, "offer", base, target]
        case .need(let model, let id): ["model", model, "need", id.site, id.edge]
        case .chunk(let digest, let index): ["chunk", digest, String(index)]
        case .reject(let executable): ["reject", executable]
        case .alert(let alert): ["alert", alert.kind.rawValue] + alert.names
        case .doctor(let token, let trial): ["doctor", token, trial]
        }
    }

    /// Reads the levels below the root; nothing where no topic of ours has them.
    public init?(levels: [Substring]) {
        let parts = levels.map(String.init)
        guard parts.allSatisfy(Slug.isValid) else { return nil }
        func device(_ at: Int) -> DeviceID { DeviceID(site: parts[at], device: parts[at + 1]) }
        func edge(_ at: Int) -> EdgeID { EdgeID(site: parts[at], edge: parts[at + 1]) }
        switch (parts.first, parts.count) {
        case ("telemetry", 3): self = .telemetry(device(1))
        case ("label", 3): self = .label(device(1))
        case ("truth", 3): self = .truth(device(1))
        case ("inference", 4): self = .inference(device(1), model: parts[3])
        case ("state", 4): self = .state(device(1), model: parts[3])
        case ("window", 4): self = .window(device(1), model: parts[3])
        case ("verdict", 4): self = .verdict(device(1), model: parts[3])
        case ("availability", 4) where parts[1] == "service":
            self = .serviceAvailability(executable: parts[2], instance: parts[3])
        case ("availability", 4) where parts[1] == "device": self = .deviceAvailability(device(2))
        case ("device", 3): self = .device(device(1))
        case ("select", 4): self = .select(device(1), model: parts[3])
        case ("status", 3): self = .status(executable: parts[1], instance: parts[2])
        case ("energy", 3): self = .energy(edge(1))
        case ("accuracy", 3):
            guard let version = Int(parts[2]) else { return nil }
            self = .accuracy(model: parts[1], version: version)
        case ("fleet", 2) where parts[1] == "summary": self = .fleetSummary
        case ("fleet", 3) where parts[1] == "site": self = .fleetSite(parts[2])
        case ("fleet", 4) where parts[1] == "edge": self = .fleetEdge(edge(2))
        case ("fleet", 4) where parts[1] == "device": self = .fleetDevice(device(2))
        case ("preview", 2) where parts[1] == "request": self = .previewRequest
        case ("preview", 3): self = .preview(device(1))
        case ("fleet", 3) where parts[1] == "history": self = .fleetHistory(model: parts[2])
        case ("job", 2) where parts[1] == "request": self = .jobRequest
        case ("job", 3) where parts[2] == "progress": self = .jobProgress(id: parts[1])
        case ("model", 3) where parts[2] == "task": self = .task(model: parts[1])
        case ("model", 4) where parts[2] == "task" && parts[3] == "proposal": self = .taskProposal(model: parts[1])
        case ("model", 4) where parts[2] == "candidate": self = .candidate(model: parts[1], digest: parts[3])
        case ("model", 5) where parts[2] == "candidate" && parts[4] == "result":
            self = .candidateResult(model: parts[1], digest: parts[3])
        case ("model", 4) where parts[2] == "release": self = .release(model: parts[1], channel: parts[3])
        case ("model", 3) where parts[2] == "rollback": self = .rollback(model: parts[1])
        case ("model", 5) where parts[2] == "installed": self = .installed(model: parts[1], edge(3))
        case ("model", 5) where parts[2] == "offer":
            self = .offer(model: parts[1], base: parts[3], target: parts[4])
        case ("model", 5) where parts[2] == "need": self = .need(model: parts[1], edge(3))
        case ("trust", 3) where parts[1] == "root":
            guard let version = Int(parts[2]), version > 0 else { return nil }
            self = .root(version: version)
        case ("trust", 2) where parts[1] == "targets": self = .targets
        case ("trust", 2) where parts[1] == "snapshot": self = .snapshot
        case ("trust", 2) where parts[1] == "timestamp": self = .timestamp
        case ("chunk", 3):
            guard let index = Int(parts[2]), index >= 0 else { return nil }
            self = .chunk(digest: parts[1], index: index)
        case ("doctor", 3): self = .doctor(token: parts[1], trial: parts[2])
        case ("reject", 2): self = .reject(executable: parts[1])
        case ("alert", 4...5):
            guard let kind = AlertID.Kind(rawValue: parts[1]), let alert = AlertID(kind, names: Array(parts[2...]))
            else { return nil }
            self = .alert(alert)
        default: return nil
        }
    }
}
