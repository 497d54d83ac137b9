public import BusAPI
public import ModelArtifact
public import Telemetry

/// Gathers what devices send, and what is said of it, for CSV files that `--data` and `retort distill` read.
///
/// Labels come late, so everything is held until the end, within a bound.
public struct FleetRecorder: Sendable {
    /// What is recorded.
    public struct Selection: Sendable {
        /// `site/device` patterns.
        public var devices: [String]
        /// Whose channels, labels and inferences alone are recorded; nothing takes all.
        public var task: TaskDocument?
        /// Bytes of samples, labels and inferences held at most.
        public var bytes: Int

        public init(devices: [String] = ["*/*"], task: TaskDocument? = nil, bytes: Int = 512 << 20) {
            self.devices = devices
            self.task = task
            self.bytes = bytes
        }

        func covers(_ device: DeviceID) -> Bool {
            TaskDocument.covers(devices, site: device.site, device: device.device)
                && (task?.covers(site: device.site, device: device.device) ?? true)
        }
    }

    /// One device's part.
    struct Track: Sendable {
        /// In the order in which they were first heard.
        var channels: [String] = []
        /// Rows by time in microseconds; a later one for the same time counts. As many values as channels were known then.
        var rows: [Int64: [Float]] = [:]
        /// Seconds between samples as last told.
        var interval: Double?
        var labels: [String: LabelMessage] = [:]
        /// Whether labels came for scoring alone.
        var isEvaluation = false
        /// By window, model and revision, so that a repeated one counts once.
        var inferences: [InferenceKey: InferenceMessage] = [:]
    }

    struct InferenceKey: Hashable, Sendable {
        var model: String
        var window: String
        var revision: Int
    }

    private let selection: Selection
    private let topics: TopicSpace
    private(set) var tracks: [DeviceID: Track] = [:]
    public private(set) var bytes = 0
    /// Messages that could not be read.
    public private(set) var unreadable = 0
    /// The bound was reached: nothing more is taken in.
    public var isFull: Bool { bytes >= selection.bytes }

    public init(_ selection: Selection, topics: TopicSpace) {
        self.selection = selection
        self.topics = topics
    }

    /// What to subscribe to.
    public var filters: [BusFilter] {
        [
            topics.filter("telemetry", "+", "+"), topics.filter("label", "+", "+"), topics.filter("truth", "+", "+"),
            topics.filter("inference", "+", "+", selection.task?.name ?? "+"),
        ].map { BusFilter($0) }
    }

    /// Devices heard, and samples, labels and inferences so far.
    public var counts: (devices: Int, samples: Int, labels: Int, inferences: Int) {
        tracks.values.reduce(into: (tracks.count, 0, 0, 0)) { counts, track in
            counts.1 += track.rows.count
            counts.2 += track.labels.count { $0.value.content != .withdrawn }
            counts.3 += track.inferences.count
        }
    }

    /// Takes one message in.
    ///
    /// - Parameter now: time of arrival, Unix seconds.
    public mutating func take(_ message: BusMessage, now: Double) {
        guard !isFull, !message.payload.isEmpty, !message.retained, let topic = topics.parse(message.topic) else {
            return
        }
        do {
            switch topic {
            case .telemetry(let device) where selection.covers(device):
                take(try TelemetryMessage(payload: message.payload).batch(arrival: now), device)
            case .label(let device) where selection.covers(device):
                take(try LabelMessage(payload: message.payload), device, isEvaluation: false)
            case .truth(let device) where selection.covers(device):
                take(try LabelMessage(payload: message.payload), device, isEvaluation: true)
            case .inference(let device, let model) where selection.covers(device):
                let inference = try InferenceMessage(payload: message.payload)
                let key = InferenceKey(model: model, window: inference.window, revision: inference.revision)
                if tracks[device]?.inferences[key] == nil { bytes += message.payload.count }
                tracks[device, default: Track()].inferences[key] = inference
            default: break
            }
        } catch {
            unreadable += 1
        }
    }

    private mutating func take(_ batch: SampleBatch, _ device: DeviceID) {
        var track = tracks.removeValue(forKey: device) ?? Track()
        defer { tracks[device] = track }
        let wanted = selection.task?.channels.map(\.name)
        for channel in batch.channels where wanted?.contains(channel) ?? true {
            // Names that mean something else in a recording.
            guard !track.channels.contains(channel), channel != "t", channel != "label" else { continue }
            track.channels.append(channel)
        }
        let places = batch.channels.map { track.channels.firstIndex(of: $0) }
        guard places.contains(where: { $0 != nil }) else { return }
        track.interval = batch.interval ?? track.interval ?? selection.task?.interval
        for row in 0..<batch.rows {
            let t = batch.t + Double(row) * (batch.interval ?? 0)
            let key = Int64((t * 1_000_000).rounded())
            var values = track.rows[key] ?? []
            let before = values.count
            values += [Float](repeating: .nan, count: max(0, track.channels.count - values.count))
            for (column, place) in places.enumerated() {
                guard let place else { continue }
                values[place] = batch.values[row * batch.channels.count + column]
            }
            bytes += (values.count - before) * 4 + (before == 0 ? 32 : 0)
            track.rows[key] = values
        }
    }

    private mutating func take(_ label: LabelMessage, _ device: DeviceID, isEvaluation: Bool) {
        var track = tracks.removeValue(forKey: device) ?? Track()
        defer { tracks[device] = track }
        if let held = track.labels[label.id], held.t > label.t { return }
        if track.labels[label.id] == nil { bytes += 128 }
        track.labels[label.id] = label
        track.isEvaluation = track.isEvaluation || isEvaluation
    }
}
