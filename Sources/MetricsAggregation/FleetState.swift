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

    /// Updates that wait to be stored at most, and releases of a model remembered.
    static let updateCapacity = 10_000
    static let releaseCapacity = 64

    /// Jobs remembered.
    static let jobCapacity = 32

    let capacity: Int
    private(set) var devices: [DeviceID: Bool] = [:]
    private(set) var batteries: [DeviceID: DeviceMessage.Battery] = [:]
    /// By instance.
    private(set) var edgeServices: [String: Bool] = [:]
    private(set) var edges: Set<EdgeID> = []
    private(set) var installed: [EdgeID: [String: InstalledMessage]] = [:]
    private(set) var desired: [String: Int] = [:]
    private(set) var jobs: [(id: String, progress: JobProgress)] = []
    /// Bytes of each version as a whole, by model.
    private var fullBytes: [String: [Int: Int]] = [:]
    /// Updates that are not stored yet.
    var updates: [FleetUpdate] = []
    /// Devices that were forgotten and have not been heard since.
    private(set) var forgotten: Set<DeviceID> = []
    var movement = Movement()
    var rate = RateMeter()
    /// Wall time of the first decision on record.
    var firstInference: Double?
    /// Something of ours was changed since the last store, or since the last publication.
    var isUnstored = false
    var changedDevices: Set<DeviceID> = []
    var changedSites: Set<String> = []
    var changedEdges: Set<EdgeID> = []

    init(capacity: Int = 20_000) { self.capacity = capacity }

    /// Whether a device is heard; nothing where no edge has said.
    func isOnline(_ device: DeviceID) -> Bool? { devices[device] }

    func isOnline(_ edge: EdgeID) -> Bool { edgeServices[edge.edge] ?? false }

    /// - Throws: ``JoinRefusal`` `limit`.
    mutating func see(_ device: DeviceID, isOnline: Bool) throws(JoinRefusal) {
        guard devices[device] != nil || devices.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) devices")
        }
        remember(device)
        guard devices[device] != isOnline else { return }
        devices[device] = isOnline
        changedDevices.insert(device)
        changedSites.insert(device.site)
    }

    /// A device's battery, of devices that are known.
    mutating func see(_ device: DeviceID, battery: DeviceMessage.Battery?) {
        guard batteries[device] != battery, batteries[device] != nil || batteries.count < capacity else { return }
        batteries[device] = battery
        changedDevices.insert(device)
    }

    /// Speaks of a device no longer; what it decided stays in the sums.
    mutating func forget(_ device: DeviceID) {
        devices[device] = nil
        guard forgotten.count < capacity, forgotten.insert(device).inserted else { return }
        isUnstored = true
        changedDevices.insert(device)
        changedSites.insert(device.site)
    }

    /// A device that is heard again is spoken of again.
    mutating func remember(_ device: DeviceID) {
        guard !forgotten.isEmpty, forgotten.remove(device) != nil else { return }
        isUnstored = true
        changedDevices.insert(device)
        changedSites.insert(device.site)
    }

    mutating func restore(forgotten devices: Set<DeviceID>) { forgotten = devices }

    mutating func see(edgeService instance: String, isOnline: Bool?) throws(JoinRefusal) {
        guard edgeServices[instance] != nil || edgeServices.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) edges")
        }
        edgeServices[instance] = isOnline
        for edge in edges where edge.edge == instance {
            changedSites.insert(edge.site)
            changedEdges.insert(edge)
        }
    }

    /// - Throws: ``JoinRefusal`` `limit`.
    mutating func see(_ edge: EdgeID) throws(JoinRefusal) {
        guard !edges.contains(edge) else { return }
        guard edges.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) edges")
        }
        edges.insert(edge)
        changedEdges.insert(edge)
        changedSites.insert(edge.site)
    }

    /// - Returns: bytes that an update moved, where this tells of a new one.
    /// - Throws: ``JoinRefusal`` `limit`.
    mutating func take(_ message: InstalledMessage, model: String, edge: EdgeID) throws(JoinRefusal) -> Int {
        try see(edge)
        guard installed[edge]?[model] != nil || (installed[edge]?.count ?? 0) < 256 else {
            throw JoinRefusal(code: "limit", reason: "more than 256 models on \(edge)")
        }
        installed[edge, default: [:]][model] = message
        changedEdges.insert(edge)
        guard message.state == .running, let running = message.running else { return 0 }
        let key = "\(edge) \(model)"
        let now = "\(running) \(message.digest ?? "")"
        let known = movement.running[key]
        guard known != now else { return 0 }
        movement.running[key] = now
        isUnstored = true
        let bytes = max(0, min(message.bytes ?? 0, 1 << 40))
        movement.bytes["updates", default: 0] += bytes
        let before = known?.split(separator: " ").first.flatMap { Int($0) } ?? message.previous
        if updates.count < Self.updateCapacity {
            updates.append(
                FleetUpdate(
                    t: message.t, edge: edge, model: model, from: before, to: running, digest: message.digest,
                    method: message.method, base: message.base, bytes: message.bytes,
                    fullBytes: fullBytes[model]?[running], chunks: message.chunks, repeated: message.repeated,
                    seconds: message.seconds, reason: message.reason))
        }
        return bytes
    }

    mutating func forget(model: String, edge: EdgeID) {
        installed[edge]?[model] = nil
        changedEdges.insert(edge)
    }

    /// - Returns: bytes uploaded since the last word.
    /// - Throws: ``JoinRefusal`` `limit`.
    mutating func take(_ message: StatusMessage, edgeService instance: String) throws(JoinRefusal) -> Int {
        guard let value = message.counters[StatusMessage.uploadedBytes], value >= 0, value <= 1 << 53 else { return 0 }
        let known = movement.uploads[instance]
        guard known != nil || movement.uploads.count < capacity else {
            throw JoinRefusal(code: "limit", reason: "more than \(capacity) edges")
        }
        let before = known?.session == message.session ? known?.value ?? 0 : 0
        guard value > before else { return 0 }
        movement.uploads[instance] = Movement.Counter(session: message.session, value: value)
        movement.bytes["uploads", default: 0] += value - before
        isUnstored = true
        return value - before
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

    /// Takes note of what a version takes as a whole, to compare updates with.
    mutating func note(_ release: ReleaseMessage, model: String) {
        guard fullBytes[model] != nil || fullBytes.count < 4096 else { return }
        fullBytes[model, default: [:]][release.version] = release.compressedBytes
        if let oldest = fullBytes[model]?.keys.min(), fullBytes[model]?.count ?? 0 > Self.releaseCapacity {
            fullBytes[model]?[oldest] = nil
        }
    }

    /// Version of each model on each edge.
    var running: [String: [String: Int]] {
        installed.reduce(into: [:]) { result, entry in
            let versions = entry.value.compactMapValues(\.running)
            if !versions.isEmpty { result[entry.key.description] = versions }
        }
    }
}
