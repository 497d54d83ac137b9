public import BusAPI
import JSON
public import Telemetry

/// The fleet as its retained topics show it. A synchronous value: feed it messages, read or render it.
public struct FleetView: Sendable {
    /// A version's update on one edge.
    public struct Update: Sendable, Equatable {
        public var method: String
        public var bytes: Int
        /// From the first sight of the release to the switch.
        public var seconds: Double?
    }

    /// An edge and a model on it.
    public struct EdgeModel: Sendable, Hashable {
        public var edge: EdgeID
        public var model: String
    }

    /// A version of a model.
    public struct ModelVersion: Sendable, Hashable, Comparable {
        public var model: String
        public var version: Int
        public static func < (a: Self, b: Self) -> Bool { (a.model, a.version) < (b.model, b.version) }
    }

    public let topics: TopicSpace
    public private(set) var summary: FleetSummary?
    public private(set) var accuracy: [ModelVersion: AccuracyMessage] = [:]
    public private(set) var releases: [ModelVersion: ReleaseMessage] = [:]
    public private(set) var installed: [EdgeModel: InstalledMessage] = [:]
    /// The update that brought a version to an edge.
    public private(set) var updates: [EdgeModel: [Int: Update]] = [:]
    public private(set) var devices: [DeviceID: FleetDevice] = [:]
    /// What their edges know of devices beside samples.
    public private(set) var facts: [DeviceID: DeviceMessage] = [:]
    /// Edges as the aggregator sums them up.
    public private(set) var edgeFigures: [EdgeID: FleetEdge] = [:]
    /// A model's last hour.
    public private(set) var histories: [String: FleetHistory] = [:]
    /// Whether a process is there, by `executable/instance`.
    public private(set) var services: [String: Bool] = [:]
    public private(set) var jobs: [String: JobProgress] = [:]
    public private(set) var statuses: [String: StatusMessage] = [:]
    public private(set) var rejects: [RejectMessage] = []
    /// Wall time of the first live inference seen.
    public private(set) var firstInference: Double?
    /// Wall time of the last message that was said just then, and not retained.
    public private(set) var lastHeard: Double?
    /// Messages that could not be read.
    public private(set) var unreadable = 0

    public init(topics: TopicSpace) { self.topics = topics }

    /// What to subscribe to.
    public var filters: [BusFilter] {
        [
            ["fleet", "#"], ["accuracy", "+", "+"], ["model", "+", "release", "+"],
            ["model", "+", "installed", "+", "+"],
            ["job", "+", "progress"], ["status", "+", "+"], ["reject", "+"], ["device", "+", "+"],
            ["availability", "service", "+", "+"],
        ].map { BusFilter(topics.root + "/" + $0.joined(separator: "/")) }
    }

    /// Takes in one message.
    ///
    /// - Parameter now: wall time of arrival, Unix seconds.
    public mutating func ingest(_ message: BusMessage, now: Double) {
        guard let topic = topics.parse(message.topic) else { return }
        if !message.retained { lastHeard = now }
        do throws(JSONError) {
            try ingest(topic, message.payload, now: now)
        } catch {
            unreadable += 1
        }
    }

    private mutating func ingest(_ topic: Topic, _ payload: [UInt8], now: Double) throws(JSONError) {
        let isDeleted = payload.isEmpty
        switch topic {
        case .fleetSummary: summary = isDeleted ? nil : try FleetSummary(payload: payload)
        case .fleetDevice(let id): devices[id] = isDeleted ? nil : try FleetDevice(payload: payload)
        case .accuracy(let model, let version):
            accuracy[ModelVersion(model: model, version: version)] =
                isDeleted ? nil : try AccuracyMessage(payload: payload)
        case .release(let model, _):
            guard !isDeleted else { return }
            let release = try ReleaseMessage(payload: payload)
            releases[ModelVersion(model: model, version: release.version)] = release
        case .installed(let model, let edge):
            let key = EdgeModel(edge: edge, model: model)
            guard !isDeleted else {
                installed[key] = nil
                return
            }
            let message = try InstalledMessage(payload: payload)
            installed[key] = message
            if message.state == .running, let version = message.running, let method = message.method,
                let bytes = message.bytes
            {
                updates[key, default: [:]][version] = Update(method: method, bytes: bytes, seconds: message.seconds)
            }
        case .jobProgress(let id): if !isDeleted { jobs[id] = try JobProgress(payload: payload) }
        case .status(let executable, let instance):
            statuses["\(executable)/\(instance)"] = isDeleted ? nil : try StatusMessage(payload: payload)
        case .device(let id): facts[id] = isDeleted ? nil : try DeviceMessage(payload: payload)
        case .fleetEdge(let id): edgeFigures[id] = isDeleted ? nil : try FleetEdge(payload: payload)
        case .fleetHistory(let model): histories[model] = isDeleted ? nil : try FleetHistory(payload: payload)
        case .serviceAvailability(let executable, let instance):
            services["\(executable)/\(instance)"] = isDeleted ? nil : payload.elementsEqual("online".utf8)
        case .reject:
            guard !isDeleted else { return }
            rejects.append(try RejectMessage(payload: payload))
            if rejects.count > 50 { rejects.removeFirst() }
        case .inference: if firstInference == nil, !isDeleted { firstInference = now }
        default: break
        }
    }

    /// Whether an edge's process is there; nothing where it has never said.
    public func isOnline(_ edge: EdgeID) -> Bool? { services["edge-inferencer/\(edge.edge)"] }

    /// The edge that hears a device: the one that says so, else the only one of its site.
    public func edge(of device: DeviceID) -> EdgeID? {
        if let edge = facts[device]?.edge { return EdgeID(site: device.site, edge: edge) }
        let own = Set(installed.keys.map(\.edge)).filter { $0.site == device.site }
        return own.count == 1 ? own.first : nil
    }

    /// All edges that have said anything.
    public var edges: [EdgeID] { Set(installed.keys.map(\.edge) + edgeFigures.keys).sorted() }

    /// Whether nobody sums the fleet up any more, so that what is shown may be old.
    public var isAggregatorGone: Bool {
        let own = services.filter { $0.key.hasPrefix("metrics-aggregator/") }
        return !own.isEmpty && !own.values.contains(true)
    }

    /// What the rounds of a model depend on.
    public func observation(of model: String) -> RoundScheduler.Observation {
        var observation = RoundScheduler.Observation()
        for (name, status) in statuses where name.hasPrefix("sensor-simulator/") {
            observation.passes = status.details["passes"]?.integer.map(Int.init) ?? 0
            if let seconds = status.details["passSeconds"]?.number, let speed = status.details["speed"]?.number,
                speed > 0
            {
                observation.passSeconds = seconds / speed
            }
        }
        for (key, message) in installed where key.model == model {
            observation.running[key.edge] = message.state == .running ? message.running : Int?.none
        }
        for (key, message) in accuracy where key.model == model { observation.scored[key.version] = message.scored }
        observation.jobs = jobs.filter { $0.value.model == model }
        return observation
    }

    /// The models there are, by what was released, installed or scored.
    public var models: [String] {
        Set(releases.keys.map(\.model) + installed.keys.map(\.model) + accuracy.keys.map(\.model)).sorted()
    }

    /// The newest version that every edge with the model runs.
    public func runningEverywhere(_ model: String) -> Int? {
        let versions = installed.filter { $0.key.model == model }.map { $0.value.running ?? 0 }
        return versions.min().flatMap { $0 > 0 ? $0 : nil }
    }
}
