import JSON
import Testing

@testable import Telemetry

private let arrival = 1_760_000_000.0

private func reader(_ source: String) throws -> SourceReader {
    SourceReader(try SourcesDocument(file: Array(#"{"format":1,"sources":[\#(source)]}"#.utf8)), site: "home")
}

private func values(_ message: DecodedMessage?) -> [String: [Double]] {
    var values: [String: [Double]] = [:]
    for reading in message?.devices.flatMap(\.readings) ?? [] {
        values[reading.channel, default: []].append(reading.value)
    }
    return values
}

@Suite("Reading publishers' payloads")
struct SourceReaderTests {
    private func json(_ more: String = "", _ channels: String) throws -> SourceReader {
        try reader(#"{"name":"s","topic":"s/{device}","decoder":"json",\#(more)"channels":[\#(channels)]}"#)
    }

    @Test("Nested paths, arrays, booleans, texts and value maps")
    func json() throws {
        var reader = try json(
            "",
            #"""
            {"name":"c","path":"a.b[1].c","timing":"periodic","rate":1},
            {"name":"dotted","path":"[\"x.y\"].z","timing":"periodic","rate":1},
            {"name":"on","timing":"on-change","longestSilence":60},
            {"name":"mode","values":{"eco":2},"timing":"on-change","longestSilence":60},
            {"name":"scaled","scale":0.1,"offset":1,"timing":"periodic","rate":1},
            {"name":"text","timing":"periodic","rate":1},{"name":"gone","timing":"periodic","rate":1},
            {"name":"away","timing":"periodic","rate":1},{"name":"none","timing":"periodic","rate":1}
            """#)
        let message = try reader.read(
            topic: "s/d",
            payload: Array(
                (#"{"a":{"b":[{"c":1},{"c":2.5}]},"x.y":{"z":7},"on":true,"mode":"eco","scaled":5,"text":"21","gone":null,"#
                    + #""away":"unavailable","none":"NaN"}"#)
                    .utf8), arrival: arrival)
        #expect(values(message) == ["c": [2.5], "dotted": [7], "on": [1], "mode": [2], "scaled": [1.5]])
        #expect(message?.issues == [.init(place: "text", reason: "\"21\" is a text; add it to \"values\"")])
        #expect(message?.devices[0].readings.allSatisfy { $0.timeIsArrival && $0.t == arrival } == true)
    }

    @Test("Numbers in quotes are read where the file asks for it")
    func textNumbers() throws {
        let channel = #"{"name":"a","unit":"°C","timing":"periodic","rate":1}"#
        var asked = try json(#""textNumbers":true,"#, channel)
        var plain = try json("", channel)
        let payload = Array(#"{"a":"21.5"}"#.utf8)
        #expect(values(try asked.read(topic: "s/d", payload: payload, arrival: arrival)) == ["a": [21.5]])
        #expect(values(try plain.read(topic: "s/d", payload: payload, arrival: arrival)).isEmpty)
    }

    @Test("A series is samples in time: a time is the first's, an arrival the last's")
    func series() throws {
        let channel = #"{"name":"a","timing":"periodic","rate":10,"series":true}"#
        var timed = try json(#""time":{"path":"t","format":"unix-ms"},"#, channel)
        let payload = Array(#"{"t":1759999990500,"a":[1,2,null,4]}"#.utf8)
        let readings = try #require(try timed.read(topic: "s/d", payload: payload, arrival: arrival)).devices[0]
            .readings
        #expect(
            readings.map(\.value) == [1, 2, 4]
                && readings.map(\.t) == [1_759_999_990.5, 1_759_999_990.6, 1_759_999_990.8])
        var untimed = try json("", channel)
        let last = try #require(try untimed.read(topic: "s/d", payload: payload, arrival: arrival)).devices[0].readings
        #expect(last.map(\.t) == [arrival - 0.3, arrival - 0.2, arrival] && last.allSatisfy(\.timeIsArrival))
        var scalar = try json("", #"{"name":"a","timing":"periodic","rate":10}"#)
        #expect(try scalar.read(topic: "s/d", payload: payload, arrival: arrival)?.issues.count == 1)
    }

    @Test(
        "Times of every format are read, and what is none is the arrival, marked",
        arguments: [
            ("unix-s", "1759999990.25", 1_759_999_990.25), ("unix-ms", "1759999990250", 1_759_999_990.25),
            ("unix-us", "\"1759999990250000\"", 1_759_999_990.25), ("unix-ns", "1759999990250000000", 1_759_999_990.25),
            ("iso8601", "\"2025-10-09T08:53:10.25Z\"", 1_759_999_990.25), ("unix-s", "1.61", nil),
            ("iso8601", "\"yesterday\"", nil), ("unix-s", "null", nil),
        ])
    func times(format: String, text: String, t: Double?) throws {
        var reader = try json(
            #""time":{"path":"x.t","format":"\#(format)"},"#, #"{"name":"a","timing":"periodic","rate":1}"#)
        let payload = Array(#"{"x":{"t":\#(text)},"a":1}"#.utf8)
        let reading = try #require(
            try reader.read(topic: "s/d", payload: payload, arrival: arrival)?.devices[0].readings[0])
        #expect(abs(reading.t - (t ?? arrival)) < 1e-6 && reading.timeIsArrival == (t == nil))
    }

    @Test("A zone is added to texts that name none, and to no others")
    func zone() throws {
        var reader = try json(
            #""time":{"path":"t","format":"iso8601","zone":"+02:00"},"#, #"{"name":"a","timing":"periodic","rate":1}"#)
        for text in ["2025-10-09T10:53:10", "2025-10-09T08:53:10Z", "2025-10-09T03:53:10-05:00"] {
            let payload = Array(#"{"t":"\#(text)","a":1}"#.utf8)
            #expect(
                try reader.read(topic: "s/d", payload: payload, arrival: arrival)?.devices[0].readings[0].t
                    == 1_759_999_990)
        }
    }

    /// https://homieiot.github.io/specification/ (Homie 5): `homie/5/super-car/engine/temperature → "21.5"`; booleans are
    /// `true` and `false`; an enum's payloads are words.
    @Test("Homie 5: one topic a property")
    func homie() throws {
        var reader = try reader(
            #"""
            {"name":"homie","topic":"homie/5/{device}/{node}/{property}","decoder":"value","key":"{node}/{property}",
            "battery":{"path":"stats/battery"},"channels":[
            {"name":"engine-temperature","path":"engine/temperature","unit":"°C","timing":"on-change","longestSilence":3600},
            {"name":"lights","path":"lights/on","timing":"on-change","longestSilence":3600},
            {"name":"direction","path":"engine/direction","values":{"forward":1,"backward":-1},"timing":"on-change",
            "longestSilence":3600}]}
            """#)
        func read(_ topic: String, _ text: String) throws -> DecodedMessage? {
            try reader.read(topic: "homie/5/super-car/" + topic, payload: Array(text.utf8), arrival: arrival)
        }
        let temperature = try read("engine/temperature", "21.5")
        #expect(values(temperature) == ["engine-temperature": [21.5]])
        #expect(temperature?.devices[0].device == DeviceID(site: "home", device: "super-car"))
        #expect(temperature?.devices[0].readings[0].unit == "°C")
        #expect(values(try read("lights/on", "true")) == ["lights": [1]])
        #expect(values(try read("engine/direction", "backward")) == ["direction": [-1]])
        #expect(try read("stats/battery", "80")?.devices[0].batteryPercent == 80)
        #expect(try read("engine/temperature", "warm")?.issues.count == 1)
        #expect(try read("$state", "ready") == nil)
        #expect(throws: SourceError.self) { try read("engine/temperature", String(repeating: "1", count: 300)) }
    }

    @Test("SenML: the base name is the device, the records' units count, times are absolute or of now")
    func senML() throws {
        var reader = try reader(
            #"""
            {"name":"s","topic":"senml/{gateway}","device":"{bn}","decoder":"senml-json","channels":[
            {"name":"voltage","timing":"periodic","rate":1},{"name":"current","unit":"mA","timing":"periodic","rate":1}]}
            """#)
        let payload = #"""
            [{"bn":"urn:dev:ow:10e2073a0108006:","bu":"A","n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},
            {"bn":"urn:dev:ow:other:","bt":1759999000,"n":"current","v":3}]
            """#
        let message = try #require(try reader.read(topic: "senml/g", payload: Array(payload.utf8), arrival: arrival))
        #expect(message.devices.map(\.device.device) == ["urn-dev-ow-10e2073a0108006", "urn-dev-ow-other"])
        #expect(message.devices[0].originalName == "urn:dev:ow:10e2073a0108006")
        let readings = message.devices[0].readings
        #expect(readings.map(\.t) == [arrival, arrival - 5] && readings.map(\.unit) == ["V", "mA"])
        #expect(message.devices[1].readings == [Reading(channel: "current", t: 1_759_999_000, value: 3, unit: "mA")])
    }

    @Test("Raw samples: interleaved little-endian, scaled, the last one at the arrival")
    func raw() throws {
        let source =
            #"{"name":"s","topic":"s/{device}","decoder":"int16","dt":0.02,"channels":["#
            + #"{"name":"x","unit":"g","scale":0.001},{"name":"y","offset":1}]}"#
        var int16 = try reader(source)
        let message = try int16.read(topic: "s/d", payload: [0xE8, 3, 0xFF, 0xFF, 0, 0x80, 2, 0], arrival: arrival)
        #expect(values(message) == ["x": [1, -32.768], "y": [0, 3]])
        let times = message?.devices[0].readings.map(\.t)
        #expect(times == [arrival - 0.02, arrival - 0.02, arrival, arrival])
        #expect(throws: SourceError.self) { try int16.read(topic: "s/d", payload: [1, 2, 3], arrival: arrival) }
        #expect(throws: SourceError.self) { try int16.read(topic: "s/d", payload: [], arrival: arrival) }
        var float32 = try reader(source.replacing("int16", with: "float32"))
        let floats = try float32.read(topic: "s/d", payload: [0, 0, 0xC0, 0x3F, 0, 0, 0xC0, 0x7F], arrival: arrival)
        #expect(values(floats)["x"] == [0.0015] && values(floats)["y"] == nil)
    }

    @Test("Names are slugged with the original kept; two names that become one device are refused")
    func names() throws {
        var reader = try json("", #"{"name":"a","timing":"periodic","rate":1}"#)
        let payload = Array(#"{"a":1}"#.utf8)
        let device = try reader.read(topic: "s/Living Room #2", payload: payload, arrival: arrival)?.devices[0]
        #expect(device?.device.device == "living-room-2" && device?.originalName == "Living Room #2")
        #expect(throws: SourceError.self) {
            try reader.read(topic: "s/living-room-2", payload: payload, arrival: arrival)
        }
        #expect(try reader.read(topic: "s/Living Room #2", payload: payload, arrival: arrival) != nil)
    }

    @Test("What is no payload of the source throws; a topic of none is nothing")
    func refused() throws {
        var reader = try json("", #"{"name":"a","timing":"periodic","rate":1}"#)
        #expect(throws: SourceError.self) { try reader.read(topic: "s/d", payload: Array("{".utf8), arrival: arrival) }
        #expect(throws: SourceError.self) {
            try reader.read(topic: "s/d", payload: [UInt8](repeating: 0x20, count: 1 << 21), arrival: arrival)
        }
        #expect(try reader.read(topic: "x/d", payload: [], arrival: arrival) == nil)
    }
}
