import Telemetry
import Testing

@testable import CloudDistillation

@Suite("Labels of a device")
struct LabelTimelineTests {
    private func coverage(_ timeline: LabelTimeline, _ from: Double, _ to: Double) -> LabelCoverage {
        timeline.coverage(from: TestTask.start + from, to: TestTask.start + to, task: TestTask.task())
    }

    @Test("A label counts for the windows that it covers wholly, to the very edge")
    func covering() {
        var timeline = LabelTimeline()
        _ = timeline.apply(TestTask.label("a", 0, 60, .label("still")))
        #expect(coverage(timeline, 0, 8) == .covered(.label("still")))
        #expect(coverage(timeline, 52, 60) == .covered(.label("still")))
        #expect(coverage(timeline, 53, 61) == .mixed)
        #expect(coverage(timeline, 60, 68) == .unlabelled)
    }

    @Test("A window over two labels is mixed, also where one of them covers it")
    func mixed() {
        var timeline = LabelTimeline()
        _ = timeline.apply(TestTask.label("a", 0, 60, .label("still")))
        _ = timeline.apply(TestTask.label("b", 50, 90, .label("moving")))
        #expect(coverage(timeline, 44, 52) == .mixed)
        #expect(coverage(timeline, 20, 28) == .covered(.label("still")))
        #expect(coverage(timeline, 64, 72) == .covered(.label("moving")))
    }

    @Test("A long label is found behind many short ones")
    func long() {
        var timeline = LabelTimeline()
        _ = timeline.apply(TestTask.label("long", 0, 5000, .label("still")))
        for index in 0..<200 {
            let offset = Double(index) * 10
            _ = timeline.apply(TestTask.label("s\(index)", offset, offset + 1, .label("elsewhere")))
        }
        #expect(coverage(timeline, 1990, 1998) == .covered(.label("still")))
    }

    @Test("A corrected label affects the old and the new interval")
    func corrected() {
        var timeline = LabelTimeline()
        let first = timeline.apply(TestTask.label("a", 0, 60, .label("still")))
        #expect(first == .affects([TestTask.start...TestTask.start + 60]))
        let second = timeline.apply(TestTask.label("a", 100, 160, .label("moving"), t: 1))
        #expect(
            second
                == .affects([TestTask.start...TestTask.start + 60, TestTask.start + 100...TestTask.start + 160]))
        #expect(coverage(timeline, 0, 8) == .unlabelled)
        #expect(coverage(timeline, 100, 108) == .covered(.label("moving")))
    }

    @Test("A withdrawn label does not come back with an older copy")
    func withdrawn() {
        var timeline = LabelTimeline()
        _ = timeline.apply(TestTask.label("a", 0, 60, .label("still")))
        _ = timeline.apply(TestTask.label("a", 0, 60, .withdrawn, t: 2))
        #expect(coverage(timeline, 0, 8) == .unlabelled)
        #expect(timeline.apply(TestTask.label("a", 0, 60, .label("still"))) == .none)
        #expect(coverage(timeline, 0, 8) == .unlabelled)
        _ = timeline.apply(TestTask.label("a", 0, 60, .label("still"), t: 3))
        #expect(coverage(timeline, 0, 8) == .covered(.label("still")))
    }

    @Test("The oldest label goes first, withdrawn ones before all others")
    func removal() {
        var timeline = LabelTimeline()
        _ = timeline.apply(TestTask.label("late", 100, 160, .label("still")))
        _ = timeline.apply(TestTask.label("early", 0, 60, .label("still")))
        _ = timeline.apply(TestTask.label("gone", 200, 260, .withdrawn))
        #expect(timeline.removeOldest()?.id == "gone")
        #expect(timeline.removeOldest()?.id == "early")
        #expect(coverage(timeline, 0, 8) == .unlabelled)
        #expect(coverage(timeline, 100, 108) == .covered(.label("still")))
    }
}
