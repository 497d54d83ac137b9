import Foundation
import JSON
import ModelArtifact
import Telemetry
import Testing

@testable import FleetConsole

@Suite("What is learnt of publishers") struct SourcesLearnTests {
    /// The recorded messages that a ready mapping is tested with, several times, with arrivals.
    private func recording(_ system: String, keep: (String) -> Bool, every: Double = 60) throws -> [String] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../TelemetryTests/Fixtures/\(system).json")
        let fixture = try JSONObjectReader(JSONValue(parsing: Array(Data(contentsOf: file))))
        var lines: [String] = []
        for round in 0..<8 {
            for element in try fixture.elements("messages") {
                let message = try JSONObjectReader(element)
                let topic = try message.string("topic")
                guard keep(topic) else { continue }
                let payload = try message.optionalString("text") ?? element.object?["payload"]?.text ?? ""
                lines.append("\(1_760_000_000 + Double(round) * every)\t\(topic)\t\(payload)")
            }
        }
        return lines
    }

    /// What `sources check` makes of the proposal on the messages it was learnt from.
    private func check(_ proposal: SourcesLearn.Proposal, _ lines: [String]) throws -> SourcesCheck {
        var check = try SourcesCheck(file: proposal.sources.bytes, site: "home")
        for line in lines { check.append(line: line, arrival: 0) }
        return check
    }

    @Test("zigbee2mqtt: channels with units, the battery apart, the link left out, times by last_seen")
    func zigbee() throws {
        var learn = SourcesLearn(filter: "zigbee2mqtt/+")
        let lines = try recording("zigbee2mqtt") { !$0.contains("bridge") }
        for line in lines { learn.append(line: line) }
        let proposal = try learn.proposal(name: "zigbee2mqtt", site: "home")
        let document = try SourcesDocument(json: proposal.sources)
        let source = try #require(document.sources.first)
        #expect(document.sources.count == 1 && source.topic.text == "zigbee2mqtt/{device}")
        let units = Dictionary(uniqueKeysWithValues: source.channels.map { ($0.name, $0.unit ?? "") })
        #expect(units == ["temperature": "°C", "humidity": "%", "pressure": "hPa", "occupancy": ""])
        #expect(source.time?.format == .iso8601)
        #expect(proposal.sources.text.contains(#""battery":{"path":"battery"}"#))
        #expect(proposal.sources.text.contains(#""voltage":{"path":"voltage","unit":"mV"}"#))
        #expect(proposal.leftOut.contains { $0.contains("linkquality") })
        #expect(proposal.leftOut.contains { $0.contains("action") })
        let check = try check(proposal, lines.filter { $0.contains("living_room\t") || $0.contains("36c1821") })
        #expect(check.isClean && check.messages == 16, "\(check.problems)")
        #expect(try TaskDocument(json: proposal.task.json) == proposal.task)
        #expect(proposal.task.devices == ["home/*"] && !proposal.task.channels.isEmpty)
    }

    @Test("ESPHome: bare values by the topic's levels, steady ones with their rate, ON and OFF as 1 and 0")
    func esphome() throws {
        var learn = SourcesLearn(filter: "+/+/+/state")
        let lines = try recording("esphome", keep: { !$0.contains("switch") && !$0.contains("pressure") }, every: 30)
        for line in lines { learn.append(line: line) }
        let proposal = try learn.proposal(name: "esphome", site: "home")
        let source = try #require(try SourcesDocument(json: proposal.sources).sources.first)
        #expect(source.topic.text == "{device}/{channel1}/{channel2}/state")
        #expect(source.decoder == .value(key: "{channel1}/{channel2}"))
        let temperature = try #require(source.channels.first { $0.name == "livingroom_temperature" })
        #expect(temperature.path == "sensor/livingroom_temperature" && temperature.unit == "°C")
        #expect(temperature.timing == .periodic(rate: 0.0333))
        let door = try #require(source.channels.first { $0.name == "door" })
        #expect(door.values == ["ON": 1, "OFF": 0])
        #expect(proposal.task.rate == 0.0333)
        #expect(try check(proposal, lines.filter { !$0.contains("uptime") }).isClean)
    }

    @Test("Tasmota: nested values, one channel in several places, and a time without a zone left out")
    func tasmota() throws {
        var learn = SourcesLearn(filter: "tele/+/SENSOR")
        let lines = try recording("tasmota", keep: { $0.hasSuffix("SENSOR") && !$0.contains("dual") })
        for line in lines { learn.append(line: line) }
        let proposal = try learn.proposal(name: "tasmota", site: "home")
        let source = try #require(try SourcesDocument(json: proposal.sources).sources.first)
        #expect(source.topic.text == "tele/{device}/SENSOR" && source.time == nil)
        let places = Set(source.channels.filter { $0.name == "temperature" }.map(\.path))
        #expect(places == ["AM2301.Temperature", "BME280.Temperature", "DS18B20.Temperature"])
        #expect(proposal.leftOut.contains { $0.contains("Time: a time without a zone") })
        let check = try check(proposal, lines)
        #expect(check.isClean, "\(check.problems)")
    }

    @Test("Timing: steady within a quarter is periodic, anything else speaks on change")
    func timing() throws {
        var learn = SourcesLearn(filter: "lab/+")
        for k in 0..<20 {
            let jitter = Double(k % 3) * 0.05
            learn.append(
                topic: "lab/a", payload: Array(#"{"x":\#(k)}"#.utf8), arrival: 1_760_000_000 + Double(k) + jitter)
        }
        for t in [0.0, 3, 4, 60, 61, 300] {
            learn.append(topic: "lab/b", payload: Array(#"{"y":\#(t)}"#.utf8), arrival: 1_760_000_000 + t)
        }
        let source = try #require(
            try SourcesDocument(json: learn.proposal(name: "lab", site: "home").sources).sources.first)
        guard case .periodic(let rate) = source.channels.first(where: { $0.name == "x" })?.timing else {
            Issue.record("x is periodic")
            return
        }
        #expect(abs(rate - 1) < 0.1)
        #expect(source.channels.first { $0.name == "y" }?.timing == .onChange(longestSilence: 7200))
    }

    @Test("Nothing to sense is said, and garbage harms nothing")
    func nothing() {
        var learn = SourcesLearn(filter: "x/#")
        #expect(throws: FleetConsoleError.self) { try learn.proposal(name: "x", site: "home") }
        learn.append(topic: "x/raw", payload: [0xFF, 0x00, 0x80], arrival: 1)
        learn.append(topic: "x/text", payload: Array("hello".utf8), arrival: 1)
        learn.append(topic: "x/senml", payload: Array(#"[{"n":"a","v":1}]"#.utf8), arrival: 1)
        learn.append(line: "no line")
        learn.append(line: "other/topic 1")
        for k in 0..<3000 { learn.append(topic: "x/\(k)/{", payload: Array("{".utf8), arrival: nil) }
        #expect {
            try learn.proposal(name: "x", site: "home")
        } throws: {
            "\($0)".contains("none of")
        }
        #expect(learn.passedOver > 900)
    }
}
