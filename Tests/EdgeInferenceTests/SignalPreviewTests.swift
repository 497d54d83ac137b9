import BusAPI
import BusTesting
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("Live signals for whoever looks") struct SignalPreviewTests {
    private let device = DeviceID(site: "north", device: "probe-1")

    private func batch(_ t: Double, _ values: [Float], interval: Double? = 0.1) -> SampleBatch {
        SampleBatch(t: t, interval: interval, channels: ["a"], values: values)
    }

    @Test("Nothing is said of a device until somebody asks, and nothing a minute after")
    func asked() throws {
        var preview = SignalPreview(limit: 1)
        #expect(preview.isIdle && preview.add(batch(100, [1]), of: device, now: 10).isEmpty)
        preview.request(device, now: 10)
        #expect(preview.add(batch(100, [1, 2]), of: device, now: 10).isEmpty, "a stretch gathers for a while")
        let said = preview.add(batch(100.2, [3]), of: device, now: 10.3)
        #expect(said.map(\.samples.values) == [[1, 2, 3]])
        #expect(said.first?.samples.t == 100 && said.first?.samples.interval == 0.1 && said.first?.t == 10.3)
        #expect(preview.add(batch(101, [1]), of: device, now: 70.1).isEmpty)
        preview.expire(now: 70.1)
        #expect(preview.isIdle)
    }

    @Test("A request that is repeated goes on; one beyond the limit is refused until there is room")
    func limit() {
        var preview = SignalPreview(limit: 1)
        let other = DeviceID(site: "north", device: "probe-2")
        preview.request(device, now: 0)
        preview.request(other, now: 50)
        #expect(preview.refused == 1)
        preview.request(device, now: 50)
        preview.expire(now: 100)
        #expect(!preview.isIdle)
        preview.request(other, now: 111)
        #expect(preview.refused == 1 && preview.add(batch(1, [1]), of: device, now: 112).isEmpty)
    }

    @Test("A clock that was set back does not keep a signal going")
    func clock() {
        var preview = SignalPreview(limit: 1)
        preview.request(device, now: 10_000)
        preview.expire(now: 100)
        #expect(preview.isIdle)
    }

    @Test("A gap, other channels or another pace begin a stretch of their own")
    func pieces() {
        var preview = SignalPreview(limit: 1)
        preview.request(device, now: 0)
        _ = preview.add(batch(100, [1, 2]), of: device, now: 0)
        #expect(preview.add(batch(105, [3]), of: device, now: 0.01).map(\.samples.values) == [[1, 2]])
        #expect(preview.add(batch(105.1, [4], interval: 0.5), of: device, now: 0.02).map(\.samples.values) == [[3]])
        let other = SampleBatch(t: 105.6, interval: 0.5, channels: ["b"], values: [5])
        #expect(preview.add(other, of: device, now: 0.03).map(\.samples.values) == [[4]])
    }

    @Test("More pieces than a second allows are dropped and counted")
    func pace() {
        var preview = SignalPreview(limit: 1)
        preview.request(device, now: 0)
        var said = 0
        for piece in 0..<40 { said += preview.add(batch(Double(piece) * 9, [1]), of: device, now: 0.2).count }
        #expect(said == SignalPreview.perSecond && preview.dropped == 39 - said)
    }

    @Test("A fast signal keeps its peaks and its length in few rows")
    func thinned() {
        var values = (0..<4000).map { Float($0 % 7) }
        values[1234] = 99
        values[3001] = -99
        let batch = SampleBatch(t: 50, interval: 0.000_25, channels: ["a"], values: values)
        let thinned = batch.thinned(to: SignalPreview.rows)
        #expect(thinned.rows <= SignalPreview.rows && thinned.values.contains(99) && thinned.values.contains(-99))
        let length = Double(thinned.rows) * (thinned.interval ?? 0)
        #expect(abs(length - 1) < 0.05 && thinned.t == 50)
        let peak = thinned.values.firstIndex(of: 99).map { Double($0) * (thinned.interval ?? 0) } ?? 0
        #expect(abs(peak - 1234 * 0.000_25) < 0.05, "the peak is where it was")
    }

    @Test("What is missing hides nothing of what is there")
    func missing() {
        let values: [Float] = (0..<200).map { $0 % 2 == 0 ? .nan : Float($0) }
        let thinned = SampleBatch(t: 0, interval: 1, channels: ["a"], values: values).thinned(to: 10)
        #expect(thinned.values.filter(\.isFinite).max() == 199)
    }

    @Test("An edge gives the signal of its own devices as they send it, and no other's")
    func edge() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        try await fixture.run { edge in
            try await fixture.waitForTask(edge)
            try await fixture.telemetry("probe-1", second: 0, level: 0.5)
            try await fixture.wait("it is online") {
                fixture.broker.retained["retort/v1/availability/device/north/probe-1"] != nil
            }
            for device in [device, DeviceID(site: "south", device: "probe-1")] {
                try await fixture.send(.previewRequest, PreviewRequest(t: fixture.clock.now, device: device).payload)
            }
            try await fixture.send(.previewRequest, Array("{".utf8))
            try await fixture.wait("the bad request is refused") { edge.board.counters["rejected"] == 1 }
            var second = 1
            try await fixture.wait("the signal") {
                fixture.clock.advance(0.3)
                try await fixture.telemetry("probe-1", second: second, level: 0.5)
                second += 1
                return try fixture.published(PreviewMessage.self, "preview/north/probe-1").count > 2
            }
            let said = try fixture.published(PreviewMessage.self, "preview/north/probe-1")
            let first = try #require(said.first)
            #expect(first.samples.channels == ["a", "b"] && first.samples.interval == 0.1)
            #expect(first.samples.values.prefix(2) == [0.5, 0])
            #expect(try fixture.published(PreviewMessage.self, "preview/south/+").isEmpty)
            #expect(fixture.broker.retained.keys.allSatisfy { !$0.contains("/preview/") })
        }
    }
}
