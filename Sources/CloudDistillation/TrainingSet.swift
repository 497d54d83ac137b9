import ModelArtifact
import Telemetry

/// The windows of one task that may train, joined with the labels of their devices.
///
/// A window counts once a label covers it wholly and leaves the set when that label is taken back. Windows with equal
/// values and equal label are one sample, however often they come. The values themselves are the caller's to keep:
/// every call that changes what must be kept says so in ``Change``.
struct TrainingSet: Sendable {
    /// A window without its values.
    struct Entry: Sendable, Equatable {
        let key: WindowKey
        /// Seconds.
        let length: Double
        let content: ContentKey
        /// When it came, Unix seconds.
        let arrived: Double
        var coverage = LabelCoverage.unlabelled
        /// Grows with every change of coverage, so that stale places in a queue are known.
        var stamp = 0

        var start: Double { key.start }
        var end: Double { start + length }
        /// What it teaches, where a label covers it.
        var target: WindowTarget? { if case .covered(let target) = coverage { target } else { nil } }
    }

    /// What a store of windows must do to stay equal to the set.
    enum Change: Sendable, Equatable {
        case storeContent(ContentKey)
        case storeWindow(Entry)
        case deleteWindow(WindowKey)
        /// With what was answered to it.
        case deleteContent(ContentKey)
        case storeAnswer(ContentKey, WindowAnswer)
        case deleteAnswers
    }

    /// Equal values with an equal label.
    struct SampleKey: Sendable, Hashable {
        let content: ContentKey
        let target: WindowTarget
    }

    /// What a window that came did.
    enum Outcome: Sendable, Equatable {
        case added
        /// It came before; nothing changed.
        case repeated
    }

    private(set) var task: TaskDocument
    let limits: TrainingSetLimits
    /// By device, sorted by start.
    var entries: [DeviceID: [Entry]] = [:]
    var windowCount = 0
    /// How many windows carry a content, and a sample.
    var contents: [ContentKey: Int] = [:]
    private(set) var samples: [SampleKey: Int] = [:]
    /// Samples by the names of ``WindowTarget/countedAs``.
    private(set) var classCounts: [String: Int] = [:]
    /// What teachers elsewhere said of a content, and the contents by the likeliest class.
    var answers: [ContentKey: WindowAnswer] = [:]
    var answerCounts: [String: Int] = [:]
    /// Windows that carry a label's target; more than samples where recordings were repeated.
    private(set) var labelledWindows = 0
    /// Windows removed because a bound was reached, cumulative.
    var expired = 0
    var queue = EvictionQueue()
    private var stamps = 0

    init(task: TaskDocument, limits: TrainingSetLimits) {
        self.task = task
        self.limits = limits
    }

    /// Bytes of values that are kept, repeats counted once.
    var bytes: Int { contents.count * task.window * task.channels.count * 4 }
    var sampleCount: Int { samples.count }

    // MARK: Windows

    /// Takes a window in.
    ///
    /// - Precondition: the device is covered by the task and not kept for evaluation.
    mutating func insert(_ entry: Entry, labels: LabelTimeline?, changes: inout [Change]) -> Outcome {
        precondition(
            !task.isEvaluation(site: entry.key.device.site, device: entry.key.device.device),
            "a window kept for evaluation never enters a training set")
        if let held = self.entry(entry.key) {
            guard held.content != entry.content else { return .repeated }
            // The device sent other values for the same time: the last ones count.
            remove(entry.key, changes: &changes)
        }
        var entry = entry
        entry.coverage = coverage(of: entry, labels)
        entry = stamped(entry)
        let device = entry.key.device
        let at = Self.position(of: entry.key.milliseconds, in: entries[device] ?? [])
        // In place, so that a device's line is not copied for each window.
        entries[device, default: []].insert(entry, at: at)
        windowCount += 1
        if contents[entry.content] == nil { changes.append(.storeContent(entry.content)) }
        contents[entry.content, default: 0] += 1
        join(entry)
        changes.append(.storeWindow(entry))
        evict(now: entry.arrived, changes: &changes)
        return .added
    }

    /// Removes a window and says what need not be kept any more.
    mutating func remove(_ key: WindowKey, changes: inout [Change]) {
        let at = Self.position(of: key.milliseconds, in: entries[key.device] ?? [])
        guard let line = entries[key.device], at < line.count, line[at].key == key else { return }
        forget(line[at], changes: &changes)
        if line.count == 1 { entries[key.device] = nil } else { entries[key.device]?.remove(at: at) }
    }

    func entry(_ key: WindowKey) -> Entry? {
        guard let line = entries[key.device] else { return nil }
        let at = Self.position(of: key.milliseconds, in: line)
        return at < line.count && line[at].key == key ? line[at] : nil
    }

    // MARK: Labels

    /// Looks again at the windows of a device that touch an interval, after its labels changed.
    mutating func relabel(_ device: DeviceID, within range: ClosedRange<Double>, labels: LabelTimeline) {
        guard var line = entries.removeValue(forKey: device) else { return }
        let length = task.windowSeconds
        var index = Self.position(of: Int64(((range.lowerBound - length) * 1000).rounded(.down)) - 1, in: line)
        while index < line.count, line[index].start <= range.upperBound {
            let said = coverage(of: line[index], labels)
            if said != line[index].coverage {
                leave(line[index])
                line[index].coverage = said
                line[index] = stamped(line[index])
                join(line[index])
            }
            index += 1
        }
        entries[device] = line
    }

    /// Takes a new revision of the task: devices that are now kept for evaluation leave, labels are looked at again.
    ///
    /// - Returns: whether the windows held could stay; where the shape changed they cannot, and the set is empty.
    mutating func revise(_ task: TaskDocument, labels: [DeviceID: LabelTimeline], changes: inout [Change]) -> Bool {
        let isSameShape = self.task.hasShape(of: task)
        let leaving = entries.keys.filter {
            !isSameShape || task.isEvaluation(site: $0.site, device: $0.device)
                || !task.covers(site: $0.site, device: $0.device)
        }
        for device in leaving {
            for entry in entries[device] ?? [] { remove(entry.key, changes: &changes) }
        }
        if !self.task.hasOutputs(of: task), !answers.isEmpty {
            (answers, answerCounts) = ([:], [:])
            changes.append(.deleteAnswers)
        }
        self.task = task
        for device in entries.keys {
            relabel(device, within: 0...Double(Int32.max) * 2, labels: labels[device] ?? LabelTimeline())
        }
        return isSameShape
    }

    /// One window for each sample, in an order that depends on nothing but devices and times.
    func distinctSamples() -> [Entry] {
        var seen = Set<SampleKey>(minimumCapacity: samples.count)
        var result: [Entry] = []
        for device in entries.keys.sorted() {
            for entry in entries[device] ?? [] {
                guard let target = entry.target else { continue }
                if seen.insert(SampleKey(content: entry.content, target: target)).inserted { result.append(entry) }
            }
        }
        return result
    }

    // MARK: Counting

    /// Whether the window is the only one that carries its sample: a label, or else an answer.
    func isSoleCarrier(_ entry: Entry) -> Bool {
        guard let target = entry.target else { return answers[entry.content] != nil && contents[entry.content] == 1 }
        return samples[SampleKey(content: entry.content, target: target)] == 1
    }

    private func coverage(of entry: Entry, _ labels: LabelTimeline?) -> LabelCoverage {
        labels?.coverage(from: entry.start, to: entry.end, task: task) ?? .unlabelled
    }

    private mutating func stamped(_ entry: Entry) -> Entry {
        var entry = entry
        stamps += 1
        entry.stamp = stamps
        return entry
    }

    private mutating func join(_ entry: Entry) {
        var isRepeat = false
        if let target = entry.target {
            labelledWindows += 1
            let key = SampleKey(content: entry.content, target: target)
            isRepeat = samples[key] != nil
            samples[key, default: 0] += 1
            if !isRepeat { for name in target.countedAs { classCounts[name, default: 0] += 1 } }
        }
        queue.append(entry.key, stamp: entry.stamp, isIdle: entry.target == nil || isRepeat)
    }

    private mutating func leave(_ entry: Entry) {
        guard let target = entry.target else { return }
        labelledWindows -= 1
        let key = SampleKey(content: entry.content, target: target)
        samples[key, default: 1] -= 1
        guard samples[key] == 0 else { return }
        samples[key] = nil
        for name in target.countedAs {
            classCounts[name, default: 1] -= 1
            if classCounts[name] == 0 { classCounts[name] = nil }
        }
    }

    private mutating func forget(_ entry: Entry, changes: inout [Change]) {
        leave(entry)
        windowCount -= 1
        changes.append(.deleteWindow(entry.key))
        contents[entry.content, default: 1] -= 1
        if contents[entry.content] == 0 {
            contents[entry.content] = nil
            forgetAnswer(entry.content)
            changes.append(.deleteContent(entry.content))
        }
    }

    private static func position(of milliseconds: Int64, in line: [Entry]) -> Int {
        // Windows mostly come in order.
        if let last = line.last, last.key.milliseconds < milliseconds { return line.count }
        var low = 0
        var high = line.count
        while low < high {
            let middle = (low + high) / 2
            if line[middle].key.milliseconds < milliseconds { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
