import BusAPI
import BusTesting
import JSON
import ModelArtifact
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("Samples that are not as the task wants them", .serialized) struct SamplePathTests {
    private func withEdge(
        task: TaskDocument = TinyStudent.task(), _ body: (EdgeFixture, EdgeFixture.Running) async throws -> Void
    ) async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge, task)
            try await body(fixture, edge)
        }
    }

    private func send(
        _ fixture: EdgeFixture, second: Double, dt: Double? = 0.1, rows: Int = 10, channels: [String] = ["a", "b"],
        _ value: (Double) -> [Float]
    ) async throws {
        let t = TestClock.start + second
        try await fixture.send(
            .telemetry(DeviceID(site: "north", device: "train-1")),
            TelemetryMessage(
                t: t, interval: dt, channels: channels,
                values: (0..<rows).flatMap { value(second + Double($0) * (dt ?? 0)) }
            ).payload)
    }

    @Test(
        "A device of another rate is resampled: between samples of a slower one, over those of a faster one",
        arguments: [0.2, 0.3, 0.07, 0.02])
    func resampling(dt: Double) async throws {
        try await withEdge { fixture, edge in
            let rows = Int((1 / dt).rounded())
            for k in 0..<8 {
                try await send(fixture, second: Double(k) * Double(rows) * dt, dt: dt, rows: rows) { [Float($0), 3] }
            }
            fixture.clock.advance(10)
            try await fixture.wait("windows") { try fixture.windows.count >= 8 }
            let windows = try fixture.windows
            #expect(Set(windows.map(\.window)).count == windows.count)
            for window in windows {
                for row in 1..<10 {
                    let t = window.from - TestClock.start + Double(row) * 0.1
                    // A ramp stays a ramp, wherever its samples lie; means have it within half a sample of the device's.
                    #expect(abs(Double(window.values[row * 2]) - t) < (dt < 0.03 ? dt / 2 + 1e-3 : 1e-3), "\(t)")
                    #expect(window.values[row * 2 + 1] == 3)
                }
                #expect(window.filledChannels.isEmpty)
            }
            #expect(try fixture.rejects.isEmpty)
        }
    }

    @Test("What swings faster than the task's rate is averaged away, not folded down")
    func aliasing() async throws {
        try await withEdge { fixture, _ in
            // 100 Hz alternates; every tenth sample alone would be all high.
            for k in 0..<4 {
                try await send(fixture, second: Double(k), dt: 0.01, rows: 100) {
                    [Int(($0 * 100).rounded()) % 2 == 0 ? 1 : -1, 0]
                }
            }
            try await fixture.wait("windows") { try fixture.windows.count >= 4 }
            for window in try fixture.windows.dropFirst() {
                #expect(stride(from: 0, to: 20, by: 2).allSatisfy { abs(window.values[$0]) < 0.15 })
            }
        }
    }

    @Test("A device a little off the task's rate is taken as it is; one far too sparse is refused")
    func rates() async throws {
        try await withEdge { fixture, edge in
            try await send(fixture, second: 0, dt: 0.1005) { _ in [1, 0] }
            try await fixture.wait("a window") { try fixture.windows.count == 1 }
            #expect(edge.board.counters["readings"] ?? 0 == 0)
            try await send(fixture, second: 1, dt: 0.7) { _ in [1, 0] }
            try await fixture.waitForRejection("rate")
        }
    }

    @Test("Single samples by hand, with their interval beside them, are resampled too")
    func flat() async throws {
        try await withEdge { fixture, _ in
            for k in 0..<12 {
                let t = TestClock.start + Double(k) * 0.25
                try await fixture.send(
                    .telemetry(DeviceID(site: "north", device: "train-1")),
                    Array(#"{"t":\#(t),"dt":0.25,"a":1,"b":true}"#.utf8))
            }
            try await fixture.wait("windows") { try fixture.windows.count >= 3 }
            #expect(try fixture.windows[0].values == [Float](repeating: 1, count: 20))
        }
    }

    @Test(
        "A channel that is not there is treated as the task says",
        arguments: TaskDocument.MissingChannelPolicy.allCases)
    func missingChannel(policy: TaskDocument.MissingChannelPolicy) async throws {
        var task = TinyStudent.task()
        task.missingChannel = policy
        try await withEdge(task: task) { fixture, edge in
            var student = try TinyStudent.student(task: task)
            student.normalisation.mean[1] = 7
            try await fixture.install(student, version: 1)
            // Uncertain, so that the window itself is uploaded and can be looked at.
            try await send(fixture, second: 0) { _ in [0, 5] }
            try await send(fixture, second: 1, channels: ["a"]) { _ in [0] }
            try await send(fixture, second: 2) { _ in [0, 5] }
            try await send(fixture, second: 3) { _ in [0, 5] }
            try await send(fixture, second: 6) { _ in [0, 5] }
            let expected: Int
            switch policy {
            case .refuse:
                expected = 4
                try await fixture.wait("refused windows") { edge.board.counters["refused"] ?? 0 >= 3 }
            case .hold, .mean, .dropout: expected = 7
            }
            try await fixture.wait("windows") { try fixture.inferences.count >= expected }
            let absent = try fixture.windows.first { $0.from == TestClock.start + 1 }
            let inference = try fixture.inferences.first { $0.from == TestClock.start + 1 }
            guard policy != .refuse else {
                #expect(absent == nil && inference == nil)
                return
            }
            #expect(inference?.filledChannels == ["b"] && absent?.filledChannels == ["b"])
            let stand: Float = policy == .hold ? 5 : 7
            #expect(absent?.values == (0..<10).flatMap { _ in [0, stand] })
            try await fixture.wait("they are counted") { edge.board.counters["filled"] == 3 }
        }
    }

    @Test("Disorder and repetition within a window change nothing, and are counted")
    func disorder() async throws {
        try await withEdge { fixture, edge in
            func half(_ k: Int) async throws {
                try await send(fixture, second: Double(k) / 2, rows: 5) { [Float($0), 0] }
            }
            for k in [0, 2, 1, 1, 3, 4, 3, 5] { try await half(k) }
            try await fixture.wait("windows") { try fixture.windows.count == 5 }
            #expect(try fixture.windows.map(\.from) == (0..<5).map { TestClock.start + Double($0) / 2 })
            for window in try fixture.windows {
                for row in 0..<10 {
                    let t = window.from - TestClock.start + Double(row) / 10
                    #expect(abs(Double(window.values[row * 2]) - t) < 1e-5)
                }
            }
            try await fixture.wait("counters") {
                edge.board.counters["reordered"] == 5 && (edge.board.counters["duplicates"] ?? 0) >= 10
            }
        }
    }

    @Test("How far a device's clock is from the edge's is told of each device; a replay has none")
    func skew() async throws {
        try await withEdge { fixture, _ in
            let now = fixture.clock.now - TestClock.start
            try await send(fixture, second: now + 5 - 0.9) { _ in [1, 0] }
            try await fixture.send(
                .telemetry(DeviceID(site: "north", device: "replayed")),
                TelemetryMessage(t: 1_500_000_000, interval: 0.1, channels: ["a", "b"], values: [1, 0]).payload)
            func known(_ device: String) throws -> DeviceMessage? {
                let topic = fixture.topics.string(.device(DeviceID(site: "north", device: device)))
                return try fixture.broker.retained[topic].map { try DeviceMessage(payload: $0.payload) }
            }
            try await fixture.wait("both are known") { try known("train-1") != nil && known("replayed") != nil }
            let skew = try #require(try known("train-1")?.clockSkew)
            #expect(abs(skew - 5) < 0.5)
            #expect(try known("replayed")?.clockSkew == nil && known("replayed")?.name == "replayed")
        }
    }

    @Test("A battery's end is projected after a day, and a new battery starts anew")
    func battery() {
        var trend = BatteryTrend()
        for hour in 0..<200 { trend.add(100 - Double(hour) / 24, at: Double(hour) * 3600) }
        let battery = trend.battery
        #expect(abs((battery?.percentPerDay ?? 0) + 1) < 0.01)
        #expect(abs((battery?.daysLeft ?? 0) - (100 - 199.0 / 24)) < 1)
        trend.add(100, at: 200 * 3600)
        #expect(trend.battery == .init(percent: 100))
        for hour in 0..<20 { trend.add(99, at: Double(201 + hour) * 3600) }
        #expect(trend.battery == .init(percent: 99))
    }
}
