import Testing

@testable import Telemetry

@Suite("From publishers' messages to windows")
struct SourceWindowTests {
    private static let start = 1_760_000_000.0

    private static let file = #"""
        {"format":1,"sources":[
        {"name":"climate","topic":"esp/{device}/sensor/{sensor}/state","decoder":"value","key":"{sensor}","channels":[
        {"name":"temperature","unit":"°F","timing":"periodic","rate":0.1},
        {"name":"humidity","unit":"%","timing":"periodic","rate":0.1}]},
        {"name":"motion","topic":"esp/{device}/binary_sensor/{sensor}/state","decoder":"value","key":"{sensor}","channels":[
        {"name":"motion","path":"pir","values":{"ON":1,"OFF":0},"timing":"on-change","longestSilence":600}]}]}
        """#

    @Test("Topics of one device, joined by time and in the task's units, fill windows")
    func windows() throws {
        let document = try SourcesDocument(file: Array(Self.file.utf8))
        var reader = SourceReader(document, site: "north")
        var joiners: [DeviceID: ChannelJoiner] = [:]
        var cutter = WindowCutter(
            grid: WindowGrid(channels: ["temperature", "humidity", "motion"], rate: 0.1, window: 6, step: 6))
        var windows: [SampleWindow] = []
        func receive(_ topic: String, _ text: String, _ t: Double) throws {
            let arrival = Self.start + t
            guard let message = try reader.read(topic: topic, payload: Array(text.utf8), arrival: arrival) else {
                return
            }
            for device in message.devices {
                var joiner =
                    joiners[device.device]
                    ?? document.joiner(
                        source: message.source,
                        channels: [("temperature", "°C"), ("humidity", "%"), ("motion", "")], rate: 0.1)
                for batch in joiner.append(device.readings, arrival: arrival) { windows += try cutter.append(batch) }
                joiners[device.device] = joiner
            }
        }
        try receive("esp/Hall/binary_sensor/pir/state", "ON", 0)
        for k in 0..<30 {
            let t = Double(k) * 10
            try receive("esp/Hall/sensor/temperature/state", "\(32 + 1.8 * Double(k))", t + 0.5)
            try receive("esp/Hall/sensor/humidity/state", "50", t + 3)
            if k == 9 { try receive("esp/Hall/binary_sensor/pir/state", "OFF", t + 4) }
        }
        #expect(joiners.keys.sorted() == [DeviceID(site: "north", device: "hall")])
        #expect(windows.map { $0.from - Self.start } == [40, 100, 160, 220])
        for window in windows {
            #expect(window.filledChannels.isEmpty)
            for row in 0..<6 {
                let t = window.from - Self.start + Double(row) * 10
                #expect(abs(Double(window.values[row * 3]) - (t - 0.5) / 10) < 1e-3)
                #expect(window.values[row * 3 + 1] == 50 && window.values[row * 3 + 2] == (t > 94 ? 0 : 1))
            }
        }
    }

    @Test(
        "A channel that says it has no value any more is missing until its next one", arguments: ["nan", "unavailable"])
    func taken(word: String) throws {
        let document = try SourcesDocument(file: Array(Self.file.utf8))
        var reader = SourceReader(document, site: "north")
        var joiner = document.joiner(source: "motion", channels: [("motion", "")], rate: 1)
        var times: [Double] = []
        for (t, text) in [(0.0, "ON"), (5, word), (10, "OFF"), (20, "OFF")] {
            let message = try #require(
                try reader.read(
                    topic: "esp/hall/binary_sensor/pir/state", payload: Array(text.utf8), arrival: Self.start + t))
            #expect(message.issues.isEmpty)
            for batch in joiner.append(message.devices[0].readings, arrival: Self.start + t) {
                times += (0..<batch.rows).map { batch.t - Self.start + Double($0) }
            }
        }
        #expect(times == [0, 1, 2, 3, 4] + (10...18).map(Double.init))
    }

    @Test("A channel that no source has is missing, and the others still come")
    func absent() throws {
        let document = try SourcesDocument(file: Array(Self.file.utf8))
        var joiner = document.joiner(source: "motion", channels: [("motion", ""), ("co2", "ppm")], rate: 1)
        #expect(joiner.channels.map(\.timing) == [.onChange(longestSilence: 600), .periodic(rate: 1)])
        let reading = Reading(channel: "motion", t: Self.start, timeIsArrival: true, value: 1)
        let batches =
            joiner.append([reading], arrival: Self.start) + joiner.advance(now: Self.start + 10)
        #expect(batches.reduce(0) { $0 + $1.rows } == 8 && joiner.statistics.missing == [0, 8])
    }
}
