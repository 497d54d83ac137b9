import ModelArtifact
import Telemetry
import Testing

@testable import CloudDistillation

@Suite("Training set")
struct TrainingSetTests {
    private var set = TrainingSet(task: TestTask.task(), limits: TrainingSetLimits())
    private var timeline = LabelTimeline()
    private var changes: [TrainingSet.Change] = []

    private mutating func add(_ offset: Double, _ values: [Float], arrived: Double = TestTask.start) {
        _ = set.insert(
            TestTask.entry(offset, values, arrived: arrived), labels: timeline, changes: &changes)
    }

    private mutating func say(_ message: LabelMessage) {
        guard case .affects(let ranges) = timeline.apply(message) else { return }
        for range in ranges { set.relabel(TestTask.arm, within: range, labels: timeline) }
    }

    @Test("A window joins once its label comes, early or late")
    mutating func lateLabels() {
        say(TestTask.label("a", 0, 60, .label("still")))
        add(0, [1])
        #expect(set.classCounts == ["still": 1])
        add(100, [2])
        #expect(set.sampleCount == 1)
        say(TestTask.label("b", 100, 160, .label("moving")))
        #expect(set.classCounts == ["still": 1, "moving": 1])
    }

    @Test("A corrected label moves its windows, a withdrawn one takes them out")
    mutating func corrections() {
        add(0, [1])
        add(4, [2])
        say(TestTask.label("a", 0, 60, .label("still")))
        #expect(set.classCounts == ["still": 2])
        say(TestTask.label("a", 0, 60, .label("moving"), t: 1))
        #expect(set.classCounts == ["moving": 2])
        // The second window now ends after the label.
        say(TestTask.label("a", 0, 8, .label("moving"), t: 2))
        #expect(set.classCounts == ["moving": 1])
        say(TestTask.label("a", 0, 8, .withdrawn, t: 3))
        #expect(set.classCounts.isEmpty && set.sampleCount == 0 && set.labelledWindows == 0)
        #expect(set.windowCount == 2)
    }

    @Test("Equal windows with one label are one sample, and with two labels two")
    mutating func repeats() {
        for pass in 0..<3 {
            let shift = Double(pass) * 600
            add(shift, [1])
            add(shift + 4, [2])
            say(TestTask.label("a-\(pass)", shift, shift + 60, .label("still")))
        }
        #expect(set.sampleCount == 2 && set.labelledWindows == 6 && set.windowCount == 6)
        #expect(set.distinctSamples().map(\.start) == [TestTask.start, TestTask.start + 4])
        #expect(changes.count { if case .storeContent = $0 { true } else { false } } == 2)
        // The label of the first pass goes; the repeats still carry their samples.
        say(TestTask.label("a-0", 0, 60, .withdrawn, t: 9))
        #expect(set.sampleCount == 2)
        #expect(set.distinctSamples().map(\.start) == [TestTask.start + 600, TestTask.start + 604])
        add(2400, [1])
        say(TestTask.label("b", 2400, 2460, .label("moving")))
        #expect(set.classCounts == ["still": 2, "moving": 1])
    }

    @Test("The same window again changes nothing; other values for its time replace it")
    mutating func again() {
        say(TestTask.label("a", 0, 60, .label("still")))
        add(0, [1])
        let before = changes.count
        let entry = TestTask.entry(0, [1])
        #expect(set.insert(entry, labels: timeline, changes: &changes) == .repeated)
        #expect(changes.count == before && set.windowCount == 1)
        add(0, [2])
        #expect(set.windowCount == 1 && set.sampleCount == 1)
        #expect(changes.contains(.deleteContent(entry.content)))
    }

    @Test("Labels that are no class of the task are not used")
    mutating func foreignLabels() {
        add(0, [1])
        say(TestTask.label("a", 0, 60, .label("welding")))
        say(TestTask.label("v", 0, 60, .value(3)))
        #expect(set.sampleCount == 0)
        say(TestTask.label("b", 0, 60, .label("still")))
        #expect(set.classCounts == ["still": 1])
    }

    @Test("Regression learns from values")
    mutating func regression() {
        set = TrainingSet(task: TestTask.task(kind: .regression), limits: TrainingSetLimits())
        add(0, [1])
        say(TestTask.label("a", 0, 60, .label("still")))
        #expect(set.sampleCount == 0)
        say(TestTask.label("b", 0, 60, .value(612.4)))
        #expect(set.classCounts == ["value": 1])
        #expect(set.distinctSamples().first?.target == .value(612.4))
    }

    @Test("At the bound, windows without a label go first, oldest first, then repeats, then the oldest")
    mutating func bounds() {
        set = TrainingSet(task: TestTask.task(), limits: TrainingSetLimits(windows: 4))
        say(TestTask.label("a", 0, 60, .label("still")))
        add(0, [1])
        add(1000, [2])
        add(4, [3])
        add(2000, [4])
        #expect(set.windowCount == 4 && set.expired == 0)
        add(8, [5])
        #expect(set.expired == 1 && set.entry(TestTask.entry(1000, [2]).key) == nil)
        #expect(changes.contains(.deleteContent(TestTask.entry(1000, [2]).content)))
        add(12, [1])
        #expect(set.entry(TestTask.entry(2000, [4]).key) == nil)
        add(16, [6])
        #expect(set.entry(TestTask.entry(12, [1]).key) == nil && set.sampleCount == 4)
        add(20, [7])
        #expect(set.entry(TestTask.entry(0, [1]).key) == nil && set.sampleCount == 4 && set.expired == 4)
    }

    @Test("A repeat whose first copy went is kept as the sample it carries")
    mutating func promotedRepeat() {
        set = TrainingSet(task: TestTask.task(), limits: TrainingSetLimits(windows: 2))
        say(TestTask.label("a", 0, 60, .label("still")))
        add(0, [1])
        add(4, [1])
        set.remove(TestTask.entry(0, [1]).key, changes: &changes)
        add(1000, [2])
        add(1004, [3])
        #expect(set.entry(TestTask.entry(4, [1]).key) != nil && set.sampleCount == 1)
    }

    @Test("Windows that waited too long for a label go, labelled ones stay")
    mutating func age() {
        set = TrainingSet(task: TestTask.task(), limits: TrainingSetLimits(unlabelledDays: 1))
        say(TestTask.label("a", 0, 60, .label("still")))
        add(0, [1])
        add(1000, [2])
        add(2000, [3], arrived: TestTask.start + 2 * 86_400)
        #expect(set.entry(TestTask.entry(1000, [2]).key) == nil && set.expired == 1 && set.sampleCount == 1)
    }

    @Test("The bytes of values are bounded")
    mutating func bytes() {
        set = TrainingSet(task: TestTask.task(), limits: TrainingSetLimits(bytes: 64 * 3))
        for index in 0..<10 { add(Double(index) * 4, [Float(index)]) }
        #expect(set.bytes == 64 * 3 && set.windowCount == 3 && set.expired == 7)
    }

    @Test("Devices that a revised task keeps for evaluation leave the set; another shape empties it")
    mutating func revisions() {
        say(TestTask.label("a", 0, 60, .label("still")))
        add(0, [1])
        var revised = TestTask.task()
        revised.classes = [.init(name: "moving"), .init(name: "resting")]
        #expect(set.revise(revised, labels: [TestTask.arm: timeline], changes: &changes))
        #expect(set.sampleCount == 0 && set.windowCount == 1)
        #expect(set.revise(TestTask.task(), labels: [TestTask.arm: timeline], changes: &changes))
        #expect(set.sampleCount == 1)
        revised = TestTask.task()
        revised.evaluationDevices = ["*/arm-1"]
        #expect(set.revise(revised, labels: [TestTask.arm: timeline], changes: &changes))
        #expect(set.windowCount == 0 && set.sampleCount == 0)

        var other = TrainingSet(task: TestTask.task(), limits: TrainingSetLimits())
        _ = other.insert(TestTask.entry(0, [1]), labels: timeline, changes: &changes)
        var wider = TestTask.task()
        wider.window = 16
        #expect(!other.revise(wider, labels: [:], changes: &changes))
        #expect(other.windowCount == 0 && other.contents.isEmpty)
    }
}
