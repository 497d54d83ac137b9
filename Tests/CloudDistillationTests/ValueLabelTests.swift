import Foundation
import ModelArtifact
import NeuralNetwork
import ServiceRuntime
import Telemetry
import Testing

@testable import CloudDistillation

/// Labels that are numbers, and labels that come late.
@Suite("Values and late labels")
struct ValueLabelTests {
    private func coverage(_ timeline: LabelTimeline, _ from: Double, _ to: Double) -> LabelCoverage {
        timeline.coverage(
            from: TestTask.start + from, to: TestTask.start + to, task: TestTask.task(kind: .regression))
    }

    @Test("A window's value is the one at its end, the last said where several hold")
    func atTheEnd() {
        var timeline = LabelTimeline()
        for index in 0..<20 {
            _ = timeline.apply(TestTask.label("v\(index)", Double(index), Double(index + 1), .value(Double(index))))
        }
        #expect(coverage(timeline, 0, 8) == .covered(.value(7)))
        #expect(coverage(timeline, 4, 12) == .covered(.value(11)))
        #expect(coverage(timeline, 16, 24) == .mixed)
        #expect(coverage(timeline, 30, 38) == .unlabelled)
        _ = timeline.apply(TestTask.label("later", 6, 8, .value(70), t: 5))
        #expect(coverage(timeline, 0, 8) == .covered(.value(70)))
        // A class on the same device is another task's.
        _ = timeline.apply(TestTask.label("class", 0, 60, .label("still"), t: 9))
        #expect(coverage(timeline, 0, 8) == .covered(.value(70)))
    }

    @Test("Values of a single device are validated on parts of its time, not on nothing")
    func validation() throws {
        let count = 64
        let samples = CollectedSamples(
            task: TestTask.task(kind: .regression), values: (0..<count * 16).map { Float($0) },
            targets: (0..<count).map { .value(Double($0) * 1.5) },
            devices: [DeviceID](repeating: TestTask.arm, count: count))
        let split = try samples.labelledWindows().split(validation: 0.2)
        #expect(split.validation.count >= 8 && split.validation.count <= 24)
        // Parts of time, so that neighbours stay together.
        #expect(zip(split.validation, split.validation.dropFirst()).filter { $1 - $0 > 1 }.count <= 2)
    }

    @Test("A label of a day ago trains the windows that waited for it, and its withdrawal takes them out for good")
    func late() async throws {
        var harness = try await DistillerHarness(settings: ["jobs.automatic": "false", "windows.unlabelledDays": "2"])
        let folder = harness.folder
        await harness.take(task: TestTask.task())
        for index in 0..<4 {
            await harness.take(
                window: TestTask.window(Double(index) * 8, values: TestTask.values("still", index)))
        }
        harness.clock.advance(by: 86_400)
        // A new window makes room by age; those of yesterday may still wait.
        await harness.take(window: TestTask.window(80_000, values: TestTask.values("still", 9)))
        await harness.take(label: TestTask.label("yesterday", 0, 32, .label("still")))
        #expect(await harness.app.collection.teachingWindows("shake").count == 4)
        await harness.take(label: TestTask.label("yesterday", 0, 32, .withdrawn, t: 1))
        #expect(await harness.app.collection.teachingWindows("shake").isEmpty)
        let samples = try await harness.app.collection.samples("shake")
        #expect(samples.count == 0)
        try await harness.app.database.close()

        harness = try await DistillerHarness(folder: folder, settings: ["jobs.automatic": "false"])
        await harness.take(task: TestTask.task())
        // The copy that a client sends again is older than the withdrawal.
        await harness.take(label: TestTask.label("yesterday", 0, 32, .label("still")))
        #expect(await harness.app.collection.teachingWindows("shake").isEmpty)
        await harness.take(label: TestTask.label("again", 0, 32, .label("still"), t: 2))
        #expect(await harness.app.collection.teachingWindows("shake").count == 4)
        try harness.remove()
    }

    @Test("Windows beyond the days that they may wait are gone when their label comes")
    func tooLate() async throws {
        let harness = try await DistillerHarness(
            settings: ["jobs.automatic": "false", "windows.unlabelledDays": "0.5"])
        await harness.take(task: TestTask.task())
        await harness.take(window: TestTask.window(0, values: TestTask.values("still", 1)))
        harness.clock.advance(by: 86_400)
        await harness.take(window: TestTask.window(80_000, values: TestTask.values("still", 2)))
        await harness.take(label: TestTask.label("old", 0, 32, .label("still")))
        #expect(await harness.app.collection.teachingWindows("shake").isEmpty)
        #expect(harness.context.board.counters["windowsExpired"] == 1)
        try harness.remove()
    }
}
