public import ModelArtifact
import Telemetry

/// What the recordings of a folder hold: enough to choose or make a task for them.
public struct RecordingSummary: Sendable, Equatable {
    /// The folder's name.
    public var name: String
    /// Device names, in order.
    public var devices: [String]
    public var channels: [String]
    /// Samples per second.
    public var rate: Double
    /// In the order in which they first appear; empty where nothing is labelled with classes.
    public var labels: [String]
    /// Whether the recordings hold numbers to be predicted in place of classes.
    public var hasValues: Bool
    /// Samples in all recordings.
    public var samples: Int
    /// Seconds of the longest recording.
    public var seconds: Double

    /// Whether a task fits: its channels are there, at its rate, every label is one of its classes, and it runs on the
    /// devices.
    public func fits(_ task: TaskDocument) -> Bool {
        let isLearnable =
            hasValues
            ? task.kind == .regression
            : task.kind == .classification && !labels.isEmpty && labels.allSatisfy { task.classIndex($0) != nil }
        return isLearnable && task.channels.allSatisfy { channels.contains($0.name) }
            && abs(task.rate / rate - 1) < 0.02
            && devices.allSatisfy { task.covers(site: "any", device: $0) }
    }

    /// The first of the tasks that fits, or else a new one named after the folder: classes from the labels, or a number to
    /// predict; windows of five seconds (20 samples at least) that overlap by half.
    ///
    /// - Throws: ``RecordingError`` where the recordings have fewer than two labels.
    public func task(amongst tasks: [TaskDocument]) throws(RecordingError) -> TaskDocument {
        if let task = tasks.first(where: fits) { return task }
        guard labels.count >= 2 || hasValues else {
            throw RecordingError(
                .empty, "at least two labels are needed to make a task; the recordings have \(labels.count)", file: name
            )
        }
        let window = min(max(20, Int((5 * rate).rounded())), 4096)
        return TaskDocument(
            name: Slug.make(name), kind: hasValues ? .regression : .classification,
            channels: channels.map { TaskDocument.Channel(name: $0, unit: "") }, rate: rate,
            window: window, step: window / 2, classes: labels.map { TaskDocument.Class(name: $0) },
            target: hasValues ? TaskDocument.Channel(name: "value", unit: "") : nil,
            devices: patterns, evaluationDevices: devices.contains { $0.hasPrefix("test-") } ? ["*/test-*"] : [],
            student: TaskDocument.StudentLimits(profile: "x86-gateway", parameters: 4000, bytes: 16_384))
    }

    /// One pattern for each beginning of the devices' names, up to the first hyphen.
    private var patterns: [String] {
        var patterns: [String] = []
        for device in devices {
            let end = device.firstIndex(of: "-").map { device.index(after: $0) }
            let pattern = end.map { "*/\(device[..<$0])*" } ?? "*/\(device)"
            if !patterns.contains(pattern) { patterns.append(pattern) }
        }
        return patterns.count <= 16 ? patterns : ["*/*"]
    }
}

/// Looks into a folder of recordings.
public enum RecordingInspector {
    /// Reads every recording once.
    ///
    /// - Throws: ``RecordingError`` for the first fault, or where recordings disagree about channels or rate.
    public static func inspect(_ folder: RecordingFolder) throws(RecordingError) -> RecordingSummary {
        var summary: RecordingSummary?
        for entry in folder.entries {
            let one = try inspect(entry)
            guard var all = summary else {
                summary = one
                continue
            }
            guard one.channels == all.channels else {
                throw RecordingError(
                    .mixed, "its channels \(one.channels) are not those of \(all.devices[0]): \(all.channels)",
                    file: entry.path, line: 1)
            }
            guard abs(one.rate / all.rate - 1) < 0.02 else {
                throw RecordingError(
                    .mixed, "its rate of \(one.rate) a second is not that of \(all.devices[0]): \(all.rate)",
                    file: entry.path)
            }
            guard one.hasValues == all.hasValues else {
                throw RecordingError(
                    .mixed,
                    "its labels are \(one.hasValues ? "numbers" : "classes"), not as those of \(all.devices[0])",
                    file: entry.path, line: 1)
            }
            all.devices += one.devices
            all.samples += one.samples
            all.seconds = max(all.seconds, one.seconds)
            for label in one.labels where !all.labels.contains(label) { all.labels.append(label) }
            summary = all
        }
        guard var summary else { throw RecordingError(.empty, "no recording", file: folder.path) }
        summary.name = folder.name
        return summary
    }

    private static func inspect(_ entry: RecordingFolder.Entry) throws(RecordingError) -> RecordingSummary {
        var reader = try RecordingReader(path: entry.path)
        var values: [Float] = []
        var intervals: [Double] = []
        var labels: [String] = []
        var lastLabel: String?
        var first: Double?
        var last = 0.0
        var samples = 0
        while let (t, label) = try reader.next(into: &values) {
            values.removeAll(keepingCapacity: true)
            if first == nil { first = t }
            if samples > 0, intervals.count < 1001 { intervals.append(t - last) }
            if let label, label != lastLabel, reader.labels == .label {
                if !labels.contains(label) { labels.append(label) }
                lastLabel = label
            }
            last = t
            samples += 1
        }
        guard let first, !intervals.isEmpty else {
            throw RecordingError(.empty, "at least two samples are needed", file: entry.path)
        }
        let interval = intervals.sorted()[intervals.count / 2]
        return RecordingSummary(
            name: entry.name, devices: [entry.name], channels: reader.channels, rate: Self.rate(interval),
            labels: labels, hasValues: reader.labels == .value, samples: samples, seconds: last - first + interval)
    }

    /// The rate of an interval, freed of the rounding in which times were written.
    static func rate(_ interval: Double) -> Double {
        let rate = 1 / interval
        for scale in [1.0, 10, 100, 1000] {
            let rounded = (rate * scale).rounded() / scale
            if rounded > 0, abs(rounded / rate - 1) < 1e-4 { return rounded }
        }
        return rate
    }
}
