@testable import ModelRegistry
import Testing

@Suite struct ChunkScheduleTests {
    /// Everything that is sent from `now` on, as `frame index`.
    func drain(_ schedule: inout ChunkSchedule, now: Double) -> [String] {
        var sent: [String] = []
        while case .send(let frame, let index) = schedule.next(now: now) { sent.append("\(frame)\(index)") }
        return sent
    }

    @Test("Requests within the wait are merged, and each chunk goes out once in order")
    func merge() {
        var schedule = ChunkSchedule(mergeSeconds: 0.5)
        #expect(schedule.add(frame: "a", ranges: [3..<5], chunks: 6, now: 10) == .taken(2))
        #expect(schedule.next(now: 10.2) == .wait(seconds: 10.5 - 10.2))
        #expect(schedule.add(frame: "a", ranges: [0..<1, 4..<6], chunks: 6, now: 10.4) == .taken(2))
        #expect(drain(&schedule, now: 10.5) == ["a0", "a3", "a4", "a5"])
        #expect(schedule.next(now: 10.5) == .idle)
        #expect(schedule.depth == 0)
    }

    @Test("A chunk already sent is sent again when it is asked for again")
    func again() {
        var schedule = ChunkSchedule(mergeSeconds: 0)
        _ = schedule.add(frame: "a", ranges: [0..<1], chunks: 1, now: 0)
        #expect(drain(&schedule, now: 0) == ["a0"])
        _ = schedule.add(frame: "a", ranges: [0..<1], chunks: 1, now: 1)
        #expect(drain(&schedule, now: 1) == ["a0"])
    }

    @Test("Requests that cross a chunk on its way do not have it sent twice")
    func crossing() {
        var schedule = ChunkSchedule(mergeSeconds: 0.5)
        _ = schedule.add(frame: "a", ranges: [0..<2], chunks: 2, now: 0)
        #expect(drain(&schedule, now: 0.5) == ["a0", "a1"])
        #expect(schedule.add(frame: "a", ranges: [0..<2], chunks: 2, now: 0.9) == .taken(0))
        #expect(schedule.add(frame: "b", ranges: [0..<1], chunks: 1, now: 0.9) == .taken(1))
        #expect(drain(&schedule, now: 1.5) == ["b0"])
        #expect(schedule.add(frame: "a", ranges: [1..<2], chunks: 2, now: 1.5) == .taken(1))
        #expect(drain(&schedule, now: 2) == ["a1"])
    }

    @Test("Frames go out in the order of their first request")
    func order() {
        var schedule = ChunkSchedule(mergeSeconds: 0.5)
        _ = schedule.add(frame: "b", ranges: [0..<1], chunks: 2, now: 0)
        _ = schedule.add(frame: "a", ranges: [0..<2], chunks: 2, now: 0.1)
        #expect(drain(&schedule, now: 0.5) == ["b0"])
        #expect(drain(&schedule, now: 0.7) == ["a0", "a1"])
    }

    @Test("Ranges beyond the frame are refused whole, and so is more than the bound")
    func bounds() {
        var schedule = ChunkSchedule(mergeSeconds: 0, limit: 4)
        #expect(schedule.add(frame: "a", ranges: [0..<2, 5..<7], chunks: 6, now: 0) == .outOfRange)
        #expect(schedule.next(now: 0) == .idle)
        #expect(schedule.add(frame: "a", ranges: [0..<3], chunks: 6, now: 0) == .taken(3))
        #expect(schedule.add(frame: "b", ranges: [0..<2], chunks: 6, now: 0) == .full)
        #expect(schedule.add(frame: "a", ranges: [2..<4], chunks: 6, now: 0) == .taken(1))
    }

    @Test("A frame that is offered no more is dropped")
    func drop() {
        var schedule = ChunkSchedule(mergeSeconds: 0)
        _ = schedule.add(frame: "a", ranges: [0..<3], chunks: 3, now: 0)
        schedule.drop(frame: "a")
        #expect(schedule.next(now: 0) == .idle)
        #expect(schedule.depth == 0)
    }
}
