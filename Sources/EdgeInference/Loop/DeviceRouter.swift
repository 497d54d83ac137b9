import ModelArtifact
import Telemetry

/// The devices an edge hears, and the windows of each task on each of them.
///
/// Synchronous and without I/O: the loop that owns it publishes what it returns. A device is known by its telemetry
/// topic, also where it is heard through a sources file.
struct DeviceRouter {
    enum Admission {
        case device(HeardDevice)
        case refused(code: String, reason: String)
    }

    private let topics: TopicSpace
    private let site: String
    private let limit: Int
    private let labelLimit: Double
    private var byTopic: [String: HeardDevice] = [:]
    private var tasks: [String: TaskDocument] = [:]
    private var means: [String: [Float]] = [:]
    /// Statistics of lanes that are gone.
    private var past: [String: Int] = [:]

    init(site: String, limit: Int, labelLimit: Double, topics: TopicSpace) {
        self.site = site
        self.limit = limit
        self.labelLimit = labelLimit
        self.topics = topics
    }

    var count: Int { byTopic.count }
    var onlineCount: Int { byTopic.values.count { $0.isOnline } }
    var devices: some Collection<HeardDevice> { byTopic.values }

    /// The device behind a telemetry topic, made where it is new.
    mutating func device(topic: String, now: Double) -> Admission {
        if let device = byTopic[topic] { return .device(device) }
        guard case .telemetry(let id) = topics.parse(topic) else {
            return .refused(
                code: "topic", reason: "no telemetry topic: {root}/telemetry/{site}/{device} with [a-z0-9._-]+ names")
        }
        return admit(id, topic: topic, now: now)
    }

    /// A device that a sources file names, made where it is new.
    mutating func device(_ id: DeviceID, now: Double) -> Admission {
        let topic = topics.string(.telemetry(id))
        if let device = byTopic[topic] { return .device(device) }
        return admit(id, topic: topic, now: now)
    }

    /// A device that has been heard.
    func known(_ id: DeviceID) -> HeardDevice? { byTopic[topics.string(.telemetry(id))] }

    /// Forgets a device; one that speaks on is new.
    mutating func forget(_ id: DeviceID) {
        guard let device = byTopic.removeValue(forKey: topics.string(.telemetry(id))) else { return }
        for lane in device.lanes { keepStatistics(lane) }
    }

    private mutating func admit(_ id: DeviceID, topic: String, now: Double) -> Admission {
        guard id.site == site else {
            return .refused(code: "site", reason: "this edge serves the site \(site)")
        }
        guard byTopic.count < limit else {
            return .refused(
                code: "devices", reason: "\(limit) devices are known and edge.devices allows no more")
        }
        let device = HeardDevice(id: id, arrival: now, labelLimit: labelLimit)
        for task in tasks.values.sorted(by: { $0.name < $1.name }) { addLane(task, to: device) }
        byTopic[topic] = device
        return .device(device)
    }

    private func addLane(_ task: TaskDocument, to device: HeardDevice) {
        guard task.covers(site: device.id.site, device: device.id.device) else { return }
        device.lanes.append(DeviceLane(task: task, device: device.id, topics: topics, means: means[task.name]))
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
                device.lanes[lane].resume(previous)
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
    ///
    /// A device whose channels speak rarely may be silent for as long as they may.
    mutating func sweep(now: Double, silence: Double, forget: Double) -> [DeviceID] {
        var silent: [DeviceID] = []
        for (topic, device) in byTopic {
            let age = now - device.lastArrival
            if device.isOnline, age > max(silence, device.patience ?? 0) {
                device.isOnline = false
                silent.append(device.id)
            }
            if age > max(forget, device.patience ?? 0) {
                for lane in device.lanes { keepStatistics(lane) }
                byTopic[topic] = nil
            }
        }
        return silent.sorted()
    }

    private mutating func keepStatistics(_ lane: DeviceLane) { lane.count(into: &past) }

    /// What all windows' cutters and joiners have counted, also those that are gone.
    var statistics: [String: Int] {
        var sums = past
        for device in byTopic.values {
            for lane in device.lanes { lane.count(into: &sums) }
        }
        return sums
    }
}
