import ModelArtifact
import Telemetry

/// One task on one device.
struct DeviceLane {
    /// What makes the task's samples of a device's, where it does not send them as they are.
    struct Joining {
        var joiner: ChannelJoiner
        /// Seconds between the device's samples; nothing for the readings of a source.
        let interval: Double?
    }

    let task: TaskDocument
    let isEvaluation: Bool
    let inferenceTopic: String
    let stateTopic: String
    let windowTopic: String
    var cutter: WindowCutter
    var joining: Joining?
    /// What the state topic says.
    var state: (label: String, version: Int)?
    /// Of joiners that were replaced.
    private var past: [String: Int] = [:]

    init(task: TaskDocument, device: DeviceID, topics: TopicSpace, means: [Float]?) {
        self.task = task
        isEvaluation = task.isEvaluation(site: device.site, device: device.device)
        inferenceTopic = topics.string(.inference(device, model: task.name))
        stateTopic = topics.string(.state(device, model: task.name))
        windowTopic = topics.string(.window(device, model: task.name))
        cutter = WindowCutter(
            grid: WindowGrid(
                channels: task.channels.map(\.name), rate: task.rate, window: task.window, step: task.step,
                missing: task.missingChannel.missingValues))
        cutter.means = means
    }

    /// Whether the task has a channel.
    func has(_ channel: String) -> Bool { cutter.grid.channels.contains(channel) }

    /// Goes on where a lane of the same grid and units was.
    mutating func resume(_ previous: DeviceLane) {
        cutter = previous.cutter
        state = previous.state
        past = previous.past
        if task.channels == previous.task.channels { joining = previous.joining }
    }

    // MARK: Samples of the device's

    /// The task's samples of a source's readings.
    mutating func samples(
        of readings: [Reading], source: String, in document: SourcesDocument, arrival: Double
    ) -> [SampleBatch] {
        guard readings.contains(where: { has($0.channel) }) else { return [] }
        if joining == nil || joining?.interval != nil {
            replaceJoiner(
                document.joiner(
                    source: source, channels: task.channels.map { ($0.name, $0.unit) }, rate: task.rate), interval: nil)
        }
        return joining?.joiner.append(readings, arrival: arrival) ?? []
    }

    /// Intervals of the task that a device's interval may be long; what lies between sparser samples would be made up.
    static let sparsest = 4.0

    /// The task's samples of a batch, which is resampled where its interval is another. One too sparse goes to the cutter as
    /// it is, which refuses it.
    mutating func samples(of batch: SampleBatch, arrival: Double) -> [SampleBatch] {
        guard let interval = batch.interval, abs(interval * task.rate - 1) > 0.02,
            interval * task.rate <= Self.sparsest, batch.channels.contains(where: has)
        else { return [batch] }
        // A device that measures its interval anew each time keeps its joiner.
        if let known = joining?.interval, abs(interval / known - 1) < 0.2 {
            return joining?.joiner.append(batch.readings, arrival: arrival) ?? []
        }
        let channels = task.channels.map {
            ChannelJoiner.Channel(name: $0.name, unit: $0.unit, timing: .periodic(rate: 1 / interval))
        }
        replaceJoiner(ChannelJoiner(channels: channels, rate: task.rate), interval: interval)
        return joining?.joiner.append(batch.readings, arrival: arrival) ?? []
    }

    private mutating func replaceJoiner(_ joiner: ChannelJoiner, interval: Double?) {
        for (name, count) in joining?.joiner.statistics.counters ?? [] { past[name, default: 0] += count }
        joining = Joining(joiner: joiner, interval: interval)
    }

    /// Samples that are due by our clock although nothing has come.
    mutating func dueSamples(now: Double) -> [SampleBatch] { joining?.joiner.advance(now: now) ?? [] }

    /// Adds what cutter and joiners have counted.
    func count(into sums: inout [String: Int]) {
        for (name, count) in cutter.statistics.counters { sums[name, default: 0] += count }
        for (name, count) in joining?.joiner.statistics.counters ?? [] { sums[name, default: 0] += count }
        for (name, count) in past { sums[name, default: 0] += count }
    }
}

extension TaskDocument.MissingChannelPolicy {
    /// What the edge does by the policy: a student that was trained with absent channels is shown their means, as then.
    var missingValues: MissingValuePolicy {
        switch self {
        case .refuse: .refuse
        case .hold: .hold
        case .mean, .dropout: .mean
        }
    }
}
