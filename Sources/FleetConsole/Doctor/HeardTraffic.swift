import BusAPI
import JSON
import ModelArtifact
import Telemetry

/// What was heard while a check-up listened: who spoke, and who was answered.
struct HeardTraffic {
    /// A window that waits for the teacher.
    struct Question {
        var device: DeviceID
        var model: String
        /// Wall time of its arrival.
        var heard: Double
    }

    private let topics: TopicSpace
    private(set) var telemetry: [DeviceID: Int] = [:]
    private(set) var inferences: [DeviceID: Int] = [:]
    /// Telemetry on topics that no edge can take as ours.
    private(set) var strangeTopics: [String: Int] = [:]
    /// By window id.
    private(set) var questions: [String: Question] = [:]
    private(set) var verdicts = 0
    private(set) var rejects: [RejectMessage] = []
    /// Seconds by which a process' clock is behind ours, delay of the message included; by `executable/instance`.
    private(set) var skews: [String: Double] = [:]
    /// Devices that something is retained about.
    private(set) var retainedDevices: Set<DeviceID> = []
    /// Digests that updates are offered to, by model.
    private(set) var offers: [String: Set<String>] = [:]
    private(set) var tasks: [String: TaskDocument] = [:]

    /// Names kept of each kind at most: what anybody may publish has a bound.
    private static let capacity = 20_000

    init(topics: TopicSpace) { self.topics = topics }

    /// What to listen to beside a ``FleetView``'s filters.
    var filters: [BusFilter] {
        [
            topics.filter("inference", "+", "+", "+"), topics.filter("window", "+", "+", "+"),
            topics.filter("verdict", "+", "+", "+"), topics.filter("state", "+", "+", "+"),
            topics.filter("availability", "device", "+", "+"), topics.filter("model", "+", "offer", "+", "+"),
            topics.filter("model", "+", "task"),
        ].map { BusFilter($0) } + [BusFilter(topics.filter("telemetry", "#"), qos: .atMostOnce)]
    }

    /// - Parameter now: wall time of arrival, Unix seconds.
    mutating func take(_ message: BusMessage, now: Double) {
        guard let topic = topics.parse(message.topic) else {
            if message.topic.hasPrefix(topics.root + "/telemetry/"), strangeTopics.count < 100 {
                strangeTopics[message.topic, default: 0] += 1
            }
            return
        }
        guard !message.payload.isEmpty else { return }
        switch topic {
        case .telemetry(let id): count(id, in: &telemetry)
        case .inference(let id, _): count(id, in: &inferences)
        case .window(let id, let model): ask(message, id, model, now: now)
        case .verdict:
            verdicts += 1
            if let verdict = try? VerdictMessage(payload: message.payload) { questions[verdict.window] = nil }
        case .reject:
            guard rejects.count < 1000, let reject = try? RejectMessage(payload: message.payload) else { return }
            rejects.append(reject)
        case .status(let executable, let instance):
            // What was retained was said some time ago.
            guard !message.retained, let status = try? StatusMessage(payload: message.payload) else { return }
            skews["\(executable)/\(instance)"] = now - status.t
        case .state(let id, _), .deviceAvailability(let id), .device(let id), .fleetDevice(let id):
            if message.retained, retainedDevices.count < Self.capacity { retainedDevices.insert(id) }
        case .offer(let model, _, let target): offers[model, default: []].insert(target)
        case .task(let model):
            if let json = try? JSONValue(parsing: message.payload, maximumBytes: 1 << 20) {
                tasks[model] = try? TaskDocument(json: json)
            }
        default: break
        }
    }

    private func count(_ id: DeviceID, in counts: inout [DeviceID: Int]) {
        guard counts[id] != nil || counts.count < Self.capacity else { return }
        counts[id, default: 0] += 1
    }

    private mutating func ask(_ message: BusMessage, _ device: DeviceID, _ model: String, now: Double) {
        guard !message.retained, questions.count < Self.capacity,
            let window = try? WindowMessage(payload: message.payload), window.want == .verdict
        else { return }
        questions[window.window] = Question(device: device, model: model, heard: now)
    }
}
