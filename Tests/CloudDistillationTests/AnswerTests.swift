import Foundation
import JSON
import ModelArtifact
import ServiceRuntime
import Storage
import Telemetry
import Testing

@testable import CloudDistillation

@Suite("Answers to windows")
struct AnswerTests {
    private var set = TrainingSet(task: TestTask.task(), limits: TrainingSetLimits(windows: 4))
    private var changes: [TrainingSet.Change] = []

    private func answer(_ moving: Float, t: Double = 1, teacher: String = "a") -> WindowAnswer {
        WindowAnswer(t: t, teacher: teacher, values: [1 - moving, moving])
    }

    @Test("The last answer by its time counts; one to a window that is not held is unknown")
    mutating func last() {
        let entry = TestTask.entry(0, TestTask.values("still", 1))
        #expect(set.take(answer(0.9), for: entry.key, changes: &changes) == .unknown && changes.isEmpty)
        _ = set.insert(entry, labels: nil, changes: &changes)
        #expect(set.take(answer(0.9, t: 5), for: entry.key, changes: &changes) == .taken)
        #expect(set.take(answer(0.1, t: 4), for: entry.key, changes: &changes) == .outdated)
        #expect(set.answerCounts == ["moving": 1])
        #expect(set.take(answer(0.1, t: 6, teacher: "b"), for: entry.key, changes: &changes) == .taken)
        #expect(set.answerCounts == ["still": 1] && set.answers[entry.content]?.teacher == "b")
        #expect(set.take(answer(0.1, t: 6, teacher: "b"), for: entry.key, changes: &changes) == .outdated)
    }

    @Test("An answer goes with the last window that has its values")
    mutating func dropped() {
        let values = TestTask.values("still", 1)
        let (first, second) = (TestTask.entry(0, values), TestTask.entry(100, values))
        for entry in [first, second] { _ = set.insert(entry, labels: nil, changes: &changes) }
        _ = set.take(answer(0.9), for: first.key, changes: &changes)
        set.remove(first.key, changes: &changes)
        #expect(set.answers.count == 1)
        set.remove(second.key, changes: &changes)
        #expect(set.answers.isEmpty && set.answerCounts.isEmpty)
    }

    @Test("Windows with an answer outlive those that teach nothing, up to the bound")
    mutating func bound() {
        for index in 0..<2 {
            let entry = TestTask.entry(Double(index) * 8, TestTask.values("still", index))
            _ = set.insert(entry, labels: nil, changes: &changes)
            _ = set.take(answer(0.2), for: entry.key, changes: &changes)
        }
        for index in 2..<10 {
            _ = set.insert(
                TestTask.entry(Double(index) * 8, TestTask.values("still", index)), labels: nil, changes: &changes)
        }
        #expect(set.windowCount == 4 && set.answers.count == 2)
        for index in 6..<10 {
            _ = set.take(
                answer(0.2), for: TestTask.entry(Double(index) * 8, []).key, changes: &changes)
        }
        for index in 10..<30 {
            let entry = TestTask.entry(Double(index) * 8, TestTask.values("still", index))
            _ = set.insert(entry, labels: nil, changes: &changes)
            _ = set.take(answer(0.2), for: entry.key, changes: &changes)
        }
        #expect(set.windowCount == 4 && set.answers.count <= 4 && set.contents.count == 4)
    }

    @Test("A job of verdicts learns from labelled and answered windows, equal ones once")
    mutating func samples() {
        let labelled = TestTask.entry(0, TestTask.values("still", 1))
        let twin = TestTask.entry(1000, TestTask.values("still", 1))
        let answered = TestTask.entry(1008, TestTask.values("moving", 2))
        let silent = TestTask.entry(1016, TestTask.values("moving", 3))
        var labels = LabelTimeline()
        _ = labels.apply(TestTask.label("l", 0, 8, .label("still")))
        for entry in [labelled, twin, answered, silent] { _ = set.insert(entry, labels: labels, changes: &changes) }
        for entry in [twin, answered] { _ = set.take(answer(0.6), for: entry.key, changes: &changes) }
        #expect(set.distinctSamples(for: .own).map(\.key) == [labelled.key])
        #expect(set.distinctSamples(for: .verdicts).map(\.key) == [labelled.key, answered.key])
    }

    @Test("Answers of other classes, or in another order, leave with the task's old revision")
    mutating func revised() {
        let entry = TestTask.entry(0, TestTask.values("still", 1))
        _ = set.insert(entry, labels: nil, changes: &changes)
        _ = set.take(answer(0.9), for: entry.key, changes: &changes)
        var task = TestTask.task()
        task.evaluationDevices = []
        _ = set.revise(task, labels: [:], changes: &changes)
        #expect(set.answers.count == 1)
        task.classes.reverse()
        _ = set.revise(task, labels: [:], changes: &changes)
        #expect(set.answers.isEmpty && set.windowCount == 1 && changes.last == .deleteAnswers)
    }
}

@Suite("Verdicts of teachers elsewhere")
struct ForeignVerdictTests {
    static func verdict(
        _ window: WindowMessage, _ probabilities: [Float], t: Double = 0, teacher: String = "net-1"
    ) -> VerdictMessage {
        let best = (probabilities.last ?? 0) > 0.5 ? "moving" : "still"
        return VerdictMessage(
            t: TestTask.start + t, window: window.window, from: window.from, to: window.to, teacher: teacher,
            content: .probabilities(probabilities, label: best))
    }

    private func take(_ verdict: VerdictMessage, _ harness: DistillerHarness, device: DeviceID = TestTask.arm) async {
        await harness.take(verdict, on: .verdict(device, model: "shake"))
    }

    @Test("A verdict joins the window it names and survives a restart; our own and those on strange windows do not")
    func joined() async throws {
        let engine = HandmadeEngine()
        let harness = try await DistillerHarness(engine: engine)
        await harness.take(task: TestTask.task())
        let window = TestTask.window(0, values: TestTask.values("moving", 1))
        await harness.take(window: window)
        try harness.app.shelf.keep(KeptTeacher(HandmadeEngine.Teacher(task: TestTask.task())))
        let own = try #require(harness.app.shelf["shake"]?.digest.short)
        await take(Self.verdict(window, [1, 0], teacher: own), harness)
        #expect(await harness.app.collection.summary("shake")?["answered"] == .integer(0))
        await take(Self.verdict(window, [0.2, 0.805]), harness)
        await take(Self.verdict(TestTask.window(800, values: []), [0.2, 0.8]), harness)
        // A device kept for evaluation: its window is not held, and not held against anybody.
        let held = TestTask.window(0, values: TestTask.values("moving", 2), device: TestTask.held, want: .verdict)
        await harness.take(window: held, device: TestTask.held)
        await take(Self.verdict(held, [0.2, 0.8]), harness, device: TestTask.held)
        #expect(harness.context.board.counters["verdictsUnjoined"] == 2)
        #expect(harness.context.board.counters["verdictsTaken"] == 1)
        #expect(try harness.rejects.isEmpty)
        let samples = try await harness.app.collection.samples("shake", teacher: .verdicts)
        #expect(samples.count == 1 && samples.targets == [nil] && samples.answers?.teachers == ["net-1"])
        let sum = try #require(samples.answers?.values.reduce(0, +))
        #expect(abs(sum - 1) < 1e-6, "what is kept sums to one")
        #expect(try await harness.app.collection.samples("shake").count == 0)

        try await harness.app.database.close()
        let again = try await DistillerHarness(engine: engine, folder: harness.folder)
        await again.take(task: TestTask.task())
        let read = try await again.app.collection.samples("shake", teacher: .verdicts)
        #expect(read.answers?.values == samples.answers?.values && read.count == 1)
        try await again.app.database.close()
        // Under other classes the answer means nothing.
        let third = try await DistillerHarness(engine: engine, folder: harness.folder)
        var task = TestTask.task()
        task.classes.reverse()
        await third.take(task: task)
        #expect(await third.app.collection.summary("shake")?["answered"] == .integer(0))
        #expect(await third.app.collection.summary("shake")?["windows"] == .integer(1))
        try third.remove()
    }

    @Test(
        "A verdict that does not answer the task is rejected with the reason",
        arguments: [
            (#""probabilities":[0.2,0.3,0.5],"label":"still""#, "classes"),
            (#""probabilities":[0.2,0.8],"label":"running""#, "classes"),
            (#""probabilities":[0.2,0.7],"label":"moving""#, "sum"),
            (#""probabilities":[-0.2,1.2],"label":"moving""#, "malformed"),
            (#""value":3"#, "form"),
        ])
    func rejected(_ content: String, _ code: String) async throws {
        let harness = try await DistillerHarness(engine: HandmadeEngine())
        await harness.take(task: TestTask.task())
        let window = TestTask.window(0, values: TestTask.values("moving", 1))
        await harness.take(window: window)
        let head = #"{"t":1760000000,"window":"\#(window.window)","from":1760000000,"to":1760000008,"teacher":"x","#
        await harness.take(text: head + content + "}", on: "verdict/home/arm-1/shake")
        #expect(try harness.rejects.map(\.code) == [code])
        #expect(await harness.app.collection.summary("shake")?["answered"] == .integer(0))
        await harness.take(text: head + content + "}", on: "verdict/home/arm-1/nothing")
        #expect(try harness.rejects.last?.code == (code == "malformed" ? "malformed" : "model"))
        await harness.take(text: head + content + "}", on: "verdict/home/arm-2/shake")
        #expect(try harness.rejects.last?.code == (code == "malformed" ? "malformed" : "window"))
        try harness.remove()
    }

    @Test("A database from before there were answers keeps its windows and takes answers to them")
    func migrated() async throws {
        let folder = DistillerHarness.folder()
        let old = try await Database(
            path: folder + "/distiller.sqlite", migrations: Array(DistillerDatabase.migrations.prefix(1)))
        let window = TestTask.window(0, values: TestTask.values("moving", 1))
        let bytes = FloatBytes.bytes(of: window.values)
        let content = ContentKey(of: bytes).bytes
        try await old.write { transaction in
            try transaction.execute(
                "INSERT INTO models VALUES ('shake', ?)", [.text(TestTask.task().signature.shape)])
            try transaction.execute("INSERT INTO contents VALUES ('shake', ?, ?)", [.blob(content), .blob(bytes)])
            try transaction.execute(
                "INSERT INTO windows VALUES ('shake', 'home', 'arm-1', ?, 8, ?, ?)",
                [.integer(Int64(TestTask.start * 1000)), .blob(content), .real(TestTask.start)])
        }
        try await old.close()
        for answered in [Int64(0), 1] {
            let harness = try await DistillerHarness(engine: HandmadeEngine(), folder: folder)
            await harness.take(task: TestTask.task())
            #expect(await harness.app.collection.summary("shake")?["windows"] == .integer(1))
            #expect(await harness.app.collection.summary("shake")?["answered"] == .integer(answered))
            await take(Self.verdict(window, [0.2, 0.8]), harness)
            try await harness.app.database.close()
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("Values of a regression are taken as they are")
    func regression() async throws {
        let harness = try await DistillerHarness(engine: HandmadeEngine())
        await harness.take(task: TestTask.task(kind: .regression))
        let window = TestTask.window(0, values: TestTask.values("moving", 1))
        await harness.take(window: window)
        await take(
            VerdictMessage(
                t: TestTask.start, window: window.window, from: window.from, to: window.to, teacher: "net-1",
                content: .value(4.5)), harness)
        await take(Self.verdict(window, [0.2, 0.8]), harness)
        #expect(try harness.rejects.map(\.code) == ["form"])
        let samples = try await harness.app.collection.samples("shake", teacher: .verdicts)
        #expect(samples.answers?.values == [4.5])
        try harness.remove()
    }
}
