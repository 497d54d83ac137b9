import ModelArtifact
import Telemetry

/// The devices an edge hears, and the windows of each task on each of them.
///
/// Synchronous and without I/O: the loop that owns it publishes what it returns.
struct DeviceRouter {
    /// One task on one device.
    struct Lane {
        let task: TaskDocument
        let isEvaluation: Bool
        let inferenceTopic: String
        let stateTopic: String
        let windowTopic: String
        var cutter: WindowCutter
        /// What the state topic says.
        var state: (label: String, version: Int)?

        init(task: TaskDocument, device: DeviceID, topics: TopicSpace, means: [Float]?) {
            self.task = task
            isEvaluation = task.isEvaluation(site: device.site, device: device.device)
            inferenceTopic = topics.string(.inference(device, model: task.name))
            stateTopic = topics.string(.state(device, model: task.name))
            windowTopic = topics.string(.window(device, model: task.name))
            let missing = MissingValuePolicy(rawValue: task.missingChannel.rawValue) ?? .refuse
            cutter = WindowCutter(
                grid: WindowGrid(
                    channels: task.channels.map(\.name), rate: task.rate, window: task.window, step: task.step,
                    missing: missing))
            cutter.means = means
        }
    }

    /// A class, so that its lanes are changed in place.
    final class Device {
        let id: DeviceID
        var lanes: [Lane] = []
        /// By the clock of this edge.
        var lastArrival: Double
        var isOnline = false

        init(id: DeviceID, arrival: Double) {
            self.id = id
            lastArrival = arrival
        }
    }

    enum Admission {
        case device(Device)
        case refused(code: String, reason: String)
    }

    private let topics: TopicSpace
    private let site: String
    private let limit: Int
    private var byTopic: [String: Device] = [:]
    private var tasks: [String: TaskDocument] = [:]
    private var means: [String: [Float]] = [:]
    /// Statistics of lanes that are gone.
    private var past: [String: Int] = [:]

    init(site: String, limit: Int, topics: TopicSpace) {
        self.site = site
        self.limit = limit
        self.topics = topics
    }

    var count: Int { byTopic.count }
    var onlineCount: Int { byTopic.values.count { $0.isOnline } }

    /// The device behind a telemetry topic, made where it is new.
    mutating func device(topic: String, now: Double) -> Admission {
        if let device = byTopic[topic] { return .device(device) }
        guard case .telemetry(let id) = topics.parse(topic) else {
            return .refused(
                code: "topic", reason: "no telemetry topic: {root}/telemetry/{site}/{device} with [a-z0-9._-]+ names")
        }
        guard id.site == site else {
            return .refused(code: "site", reason: "this edge serves the site \(site)")
        }
        guard byTopic.count < limit else {
            return .refused(
                code: "devices", reason: "\(limit) devices are known and edge.devices allows no more")
        }
        let device = Device(id: id, arrival: now)
        for task in tasks.values.sorted(by: { $0.name < $1.name }) { addLane(task, to: device) }
        byTopic[topic] = device
        return .device(device)
    }

    private func addLane(_ task: TaskDocument, to device: Device) {
        guard task.covers(site: device.id.site, device: device.id.device) else { return }
        device.lanes.append(Lane(task: task, device: device.id, topics: topics, means: means[task.name]))
    }

    /// Takes a task, new or revised. Windows under way go on only where the grid is the same.
    mutating func set(_ task: TaskDocument) {
        guard tasks[task.name] != task else { return }
        tasks[task.name] = task
        for device in byTopic.values {
            let old = device.lanes.firstIndex { $0.task.name == task.name }
            guard let old else {
                addLane(task, to: device)
                continue
            }
            let previous = device.lanes.remove(at: old)
            addLane(task, to: device)
            if let lane = device.lanes.indices.last, device.lanes[lane].task == task,
                device.lanes[lane].cutter.grid == previous.cutter.grid
            {
                device.lanes[lane].cutter = previous.cutter
                device.lanes[lane].state = previous.state
            } else {
                keepStatistics(previous)
            }
        }
    }

    /// Each channel's mean in training, for what is missing.
    mutating func set(means values: [Float], task: String) {
        means[task] = values
        for device in byTopic.values {
            for lane in device.lanes.indices where device.lanes[lane].task.name == task {
                device.lanes[lane].cutter.means = values
            }
        }
    }

    mutating func remove(task: String) {
        tasks[task] = nil
        means[task] = nil
        for device in byTopic.values {
            for lane in device.lanes where lane.task.name == task { keepStatistics(lane) }
            device.lanes.removeAll { $0.task.name == task }
        }
    }

    func task(_ name: String) -> TaskDocument? { tasks[name] }

    /// Devices that have fallen silent since the last look; forgets those silent for long.
    mutating func sweep(now: Double, silence: Double, forget: Double) -> [DeviceID] {
        var silent: [DeviceID] = []
        for (topic, device) in byTopic {
            let age = now - device.lastArrival
            if device.isOnline, age > silence {
                device.isOnline = false
                silent.append(device.id)
            }
            if age > forget {
                for lane in device.lanes { keepStatistics(lane) }
                byTopic[topic] = nil
            }
        }
        return silent.sorted()
    }

    private mutating func keepStatistics(_ lane: Lane) {
        for (name, count) in lane.cutter.statistics.counters { past[name, default: 0] += count }
    }

    /// What all windows' cutters have counted, also those that are gone.
    var statistics: [String: Int] {
        var sums = past
        for device in byTopic.values {
            for lane in device.lanes {
                for (name, count) in lane.cutter.statistics.counters { sums[name, default: 0] += count }
            }
        }
        return sums
    }

    /// Whether this edge has heard a device lately.
    func knows(_ id: DeviceID) -> Bool { byTopic[topics.string(.telemetry(id))] != nil }
}
