import JSON
import Telemetry

/// Who is there, what runs where, and what moved: everything about the fleet but its scores.
struct FleetState: Sendable {
    /// Bytes counted once, whatever is repeated.
    struct Movement: Sendable, Equatable {
        /// Last version an edge said it runs, and the digest.
        var running: [String: String] = [:]
        /// Session and counter of an edge's last status.
        var uploads: [String: Counter] = [:]
        var bytes: [String: Int] = [:]

        struct Counter: Sendable, Equatable {
            var session: String
            var value: Int
        }
    }

    /// Jobs remembered.
    static let jobCapacity = 32

    let capacity: Int
    private(set) var devices: [DeviceID: Bool] = [:]
    /// By instance.
    private(set) var edgeServices: [String: Bool] = [:]
    private(set) var edges: Set<EdgeID> = []
    private(set) var installed: [EdgeID: [String: InstalledMessage]] = [:]
    private(set) var desired: [String: Int] = [:]
    private(set) var jobs: [(id: String, progress: JobProgress)] = []
    var movement = Movement()
    var rate = RateMeter()
    /// Wall time of the first decision on record.
    var firstInference: Double?
    /// Something of ours was changed since the last store, or since the last publication.
    var isUnstored = false
    var changedDevices: Set<DeviceID> = []
    var changedSites: Set<String> = []

    init(capacity: Int = 20_000) { self.capacity = capacity }

    /// Whether a device is heard; nothing where no edge has said.
    func isOnline(_ device: DeviceID) -> Bool? { devices[device] }

    func isOnline(_ edge: EdgeID) -> Bool { edgeServices[edge.edge] ?? false }

    /// - Throws: ``JoinRefusal`` `limit`.
    mutating func see(_ device: DeviceID, isOnline: Bool) throws(JoinRefusal) {
        guard devices[device] != nil || devices.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) devices")
        }
        guard devices[device] != isOnline else { return }
        devices[device] = isOnline
        changedDevices.insert(device)
        changedSites.insert(device.site)
    }

    mutating func forget(_ device: DeviceID) {
        guard devices.removeValue(forKey: device) != nil else { return }
        changedDevices.insert(device)
        changedSites.insert(device.site)
    }

    mutating func see(edgeService instance: String, isOnline: Bool?) throws(JoinRefusal) {
        guard edgeServices[instance] != nil || edgeServices.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) edges")
        }
        edgeServices[instance] = isOnline
        for edge in edges where edge.edge == instance { changedSites.insert(edge.site) }
    }

    /// - Throws: ``JoinRefusal`` `limit`.
    mutating func see(_ edge: EdgeID) throws(JoinRefusal) {
        guard !edges.contains(edge) else { return }
        guard edges.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) edges")
        }
        edges.insert(edge)
        changedSites.insert(edge.site)
    }

    /// - Throws: ``JoinRefusal`` `limit`.
    mutating func take(_ message: InstalledMessage, model: String, edge: EdgeID) throws(JoinRefusal) {
        try see(edge)
        guard installed[edge]?[model] != nil || (installed[edge]?.count ?? 0) < 256 else {
            throw JoinRefusal(code: "limit", reason: "more than 256 models on \(edge)")
        }
        installed[edge, default: [:]][model] = message
        guard message.state == .running, let running = message.running else { return }
        let key = "\(edge) \(model)"
        let now = "\(running) \(message.digest ?? "")"
        guard movement.running[key] != now else { return }
        movement.running[key] = now
        movement.bytes["updates", default: 0] += max(0, min(message.bytes ?? 0, 1 << 40))
        isUnstored = true
    }

    mutating func forget(model: String, edge: EdgeID) { installed[edge]?[model] = nil }

    mutating func take(_ message: StatusMessage, edgeService instance: String) throws(JoinRefusal) {
        guard let value = message.counters[StatusMessage.uploadedBytes], value >= 0, value <= 1 << 53 else { return }
        let known = movement.uploads[instance]
        guard known != nil || movement.uploads.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) edges")
        }
        let before = known?.session == message.session ? known?.value ?? 0 : 0
        guard value > before else { return }
        movement.uploads[instance] = Movement.Counter(session: message.session, value: value)
        movement.bytes["uploads", default: 0] += value - before
        isUnstored = true
    }

    mutating func take(_ message: JobProgress) {
        if let index = jobs.firstIndex(where: { $0.id == message.id }) {
            guard message.t >= jobs[index].progress.t else { return }
            jobs[index].progress = message
        } else {
            jobs.append((message.id, message))
            if jobs.count > Self.jobCapacity { jobs.removeFirst() }
        }
    }

    mutating func setDesired(_ version: Int?, model: String) {
        guard desired[model] != nil || desired.count < 4096 else { return }
        desired[model] = version
    }

    /// Version of each model on each edge.
    var running: [String: [String: Int]] {
        installed.reduce(into: [:]) { result, entry in
            let versions = entry.value.compactMapValues(\.running)
            if !versions.isEmpty { result[entry.key.description] = versions }
        }
    }
}
