import BusAPI
import JSON
import ModelArtifact
import Telemetry

/// The aggregator as a synchronous state machine: messages in, retained summaries out.
struct Aggregation: Sendable {
    let topics: TopicSpace
    var join: DecisionJoin
    var energy = EnergyLedger()
    var fleet = FleetState()
    /// Snapshots taken, and the recalls in the last one.
    var stores = 0
    var storedRecalls = JSONValue.array([])
    /// Bytes of counted inferences by edge, not in the book yet.
    var traffic: [EdgeID: Int] = [:]
    /// Messages counted, by what became of them.
    private(set) var outcomes: [String: Int] = [:]
    /// What was published last, without its time, so that the same is not said twice.
    var published: [String: JSONValue] = [:]
    var publishedBases: [Int32: Basis] = [:]
    /// Versions that a broker did not take.
    var unsaid: Set<VersionKey> = []
    /// Numbers of the heads of a model, in the order in which they came, and the model of a head.
    var heads: [Int32: [Int32]] = [:]
    var wholes: [Int32: Int32] = [:]

    init(topics: TopicSpace, limits: JoinLimits = JoinLimits()) {
        self.topics = topics
        join = DecisionJoin(limits: limits)
    }

    /// What to receive: decisions apart, so that a flood of them cannot push out what scores them.
    static func filters(_ topics: TopicSpace) -> (decisions: [BusFilter], others: [BusFilter]) {
        let others = [
            topics.filter("truth", "+", "+"), topics.filter("label", "+", "+"), topics.filter("verdict", "+", "+", "+"),
            topics.filter("energy", "+", "+"), topics.filter("status", "edge-inferencer", "+"),
            topics.filter("availability", "service", "edge-inferencer", "+"),
            topics.filter("availability", "device", "+", "+"), topics.filter("device", "+", "+"),
            topics.filter("model", "+", "installed", "+", "+"),
            topics.filter("model", "+", "task"), topics.filter("model", "+", "release", "+"),
            topics.filter("job", "+", "progress"),
        ]
        return ([BusFilter(topics.filter("inference", "+", "+", "+"))], others.map { BusFilter($0) })
    }

    /// Takes one message of the bus.
    ///
    /// - Throws: ``JoinRefusal`` with the code for `reject/`; nothing is changed then.
    mutating func take(_ message: BusMessage, now: Double) throws(JoinRefusal) {
        guard let topic = topics.parse(message.topic) else {
            throw JoinRefusal(code: "topic", reason: "no topic of this system")
        }
        do throws(JSONError) {
            try take(topic, message.payload, now: now)
        } catch {
            throw JoinRefusal(code: error.code == .tooLarge ? "oversize" : "malformed", reason: "\(error)")
        }
        if let refusal { throw refusal }
    }

    /// Carries a refusal past a function that throws something else.
    private var refusal: JoinRefusal?

    private mutating func attempt(_ body: (inout Self) throws(JoinRefusal) -> Void) {
        do throws(JoinRefusal) { try body(&self) } catch { refusal = error }
    }

    private mutating func take(_ topic: Topic, _ payload: [UInt8], now: Double) throws(JSONError) {
        refusal = nil
        switch topic {
        case .inference(let device, let model):
            let message = try InferenceMessage(payload: payload)
            attempt { (self) throws(JoinRefusal) in
                try self.take(message, device, model, now, bytes: payload.count)
            }
        case .verdict(let device, let model):
            let message = try VerdictMessage(payload: payload)
            attempt { (self) throws(JoinRefusal) in
                var first: JoinOutcome?
                for part in Self.split(message) {
                    let name = try self.counted(part.head, model)
                    let outcome = try self.join.take(part.message, device: device, model: name, now: now)
                    first = first ?? outcome
                }
                if let first { self.count(first, "verdicts") }
            }
        case .truth(let device): try take(device, .truth, payload)
        case .label(let device): try take(device, .label, payload)
        case .energy(let edge):
            guard !payload.isEmpty else { return }
            let message = try EnergyMessage(payload: payload)
            attempt { (self) throws(JoinRefusal) in
                try self.fleet.see(edge)
                let use = try self.energy.take(message, edge: edge)
                if let use { try self.credit(use, edge: edge, minute: Self.minute(now)) }
            }
        default: try takeRetained(topic, payload, now)
        }
    }

    private mutating func take(
        _ message: InferenceMessage, _ device: DeviceID, _ model: String, _ now: Double, bytes: Int
    ) throws(JoinRefusal) {
        guard Slug.isValid(message.edge) else {
            throw JoinRefusal(code: "malformed", reason: "edge: \"\(message.edge.prefix(64))\" is no name")
        }
        var first: JoinOutcome?
        for part in Self.split(message) {
            let name = try counted(part.head, model)
            let outcome = try join.take(part.message, device: device, model: name, now: now)
            first = first ?? outcome
        }
        guard let outcome = first else { return }
        count(outcome, "decisions")
        guard outcome == .counted else { return }
        fleet.rate.count(now: now)
        fleet.remember(device)
        let edge = EdgeID(site: device.site, edge: message.edge)
        traffic[edge, default: 0] += bytes
        if fleet.firstInference == nil {
            fleet.firstInference = now
            fleet.isUnstored = true
        }
        if let number = join.names.known(model), let name = join.names.known(device.description) {
            energy.decided(
                edge,
                EnergyLedger.Decider(
                    version: VersionKey(model: number, version: Int32(message.version)), device: name))
        }
    }

    /// The name that a model, or one head of it, is counted under.
    private mutating func counted(_ head: String?, _ model: String) throws(JoinRefusal) -> String {
        guard let head else { return model }
        _ = try number(ofHead: head, model: model)
        return Self.name(ofHead: head, model: model)
    }

    private mutating func take(_ device: DeviceID, _ basis: Basis, _ payload: [UInt8]) throws(JSONError) {
        let message = try LabelMessage(payload: payload)
        attempt { (self) throws(JoinRefusal) in
            var first: JoinOutcome?
            for part in self.split(message, basis: basis, device: device) {
                let outcome = try self.join.take(part, basis: basis, device: device)
                first = first ?? outcome
            }
            if let first { self.count(first, basis == .truth ? "truths" : "labels") }
        }
    }

    /// What is retained; an empty payload takes it back.
    private mutating func takeRetained(_ topic: Topic, _ payload: [UInt8], _ now: Double) throws(JSONError) {
        switch topic {
        case .deviceAvailability(let device):
            guard !payload.isEmpty else { return fleet.forget(device) }
            let isOnline = try availability(payload)
            attempt { (self) throws(JoinRefusal) in try self.fleet.see(device, isOnline: isOnline) }
        case .device(let device):
            fleet.see(device, battery: payload.isEmpty ? nil : try DeviceMessage(payload: payload).battery)
        case .serviceAvailability(_, let instance):
            let isOnline = payload.isEmpty ? nil : try availability(payload)
            attempt { (self) throws(JoinRefusal) in
                try self.fleet.see(edgeService: instance, isOnline: isOnline)
            }
        case .status(_, let instance):
            guard !payload.isEmpty else { return }
            let message = try StatusMessage(payload: payload)
            attempt { (self) throws(JoinRefusal) in
                let bytes = try self.fleet.take(message, edgeService: instance)
                guard let edge = self.fleet.edges.first(where: { $0.edge == instance }) else { return }
                try self.credit(bytes: bytes, of: "uploads", edge: edge, minute: Self.minute(now))
            }
        case .installed(let model, let edge):
            guard !payload.isEmpty else { return fleet.forget(model: model, edge: edge) }
            let message = try InstalledMessage(payload: payload)
            attempt { (self) throws(JoinRefusal) in
                let bytes = try self.fleet.take(message, model: model, edge: edge)
                try self.credit(bytes: bytes, of: "updates", edge: edge, minute: Self.minute(now))
            }
        case .task(let model):
            guard !payload.isEmpty else { return }
            let task = try TaskDocument(
                json: JSONValue(parsing: payload, maximumBytes: InferenceMessage.maximumBytes))
            switch task.kind {
            case .classification, .regression: join.setLabels(task.classes.map(\.name), model: model)
            case .multiHead:
                attempt { (self) throws(JoinRefusal) in
                    for head in task.heads {
                        let name = try self.counted(head.name, model)
                        self.join.setLabels(
                            head.classes.map { Self.label($0.name, ofHead: head.name) }, model: name)
                    }
                }
            }
        case .release(let model, _):
            guard !payload.isEmpty else { return fleet.setDesired(nil, model: model) }
            let release = try ReleaseMessage(payload: payload)
            fleet.setDesired(release.version, model: model)
            fleet.note(release, model: model)
        case .jobProgress:
            guard !payload.isEmpty else { return }
            fleet.take(try JobProgress(payload: payload))
        default: break
        }
    }

    private func availability(_ payload: [UInt8]) throws(JSONError) -> Bool {
        switch String(decoding: payload.prefix(16), as: UTF8.self) {
        case "online": return true
        case "offline": return false
        default: throw JSONError(.malformed, "availability is \"online\" or \"offline\"")
        }
    }

    private mutating func count(_ outcome: JoinOutcome, _ kind: String) {
        let key: String =
            switch outcome {
            case .counted, .replaced: kind
            case .duplicate: "duplicates"
            case .late: "late"
            case .recalled: "recalled"
            case .conflict: "conflicts"
            }
        outcomes[key, default: 0] += 1
    }
}
