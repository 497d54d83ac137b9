import Foundation
import JSON
import Testing

@testable import Telemetry

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

/// A file of `services/edge-inferencer/sources/`.
private func mapping(_ name: String) throws -> SourcesDocument {
    let file = folder.appendingPathComponent("../../services/edge-inferencer/sources/\(name).json")
    return try SourcesDocument(file: Array(Data(contentsOf: file)))
}

/// Each fixture names the documentation that its messages are written after.
@Suite("Ready mappings")
struct ReadyMappingTests {
    static let arrival = 1_760_000_000.0

    @Test(
        "A system's documented messages become the readings they tell",
        arguments: ["zigbee2mqtt", "tasmota", "esphome", "shelly", "theengs", "sparkplug"])
    func messages(system: String) throws {
        var reader = SourceReader(try mapping(system), site: "home")
        let file = folder.appendingPathComponent("Fixtures/\(system).json")
        let fixture = try JSONObjectReader(JSONValue(parsing: Array(Data(contentsOf: file))))
        #expect(try !fixture.string("source").isEmpty)
        for element in try fixture.elements("messages") {
            let message = try JSONObjectReader(element)
            let topic = try message.string("topic")
            let payload = try message.optionalString("text").map { Array($0.utf8) } ?? element.object?["payload"]?.bytes
            let decoded = try reader.read(topic: topic, payload: payload ?? [], arrival: Self.arrival)
            if try message.optionalBool("ignored") == true {
                #expect(decoded == nil, "\(topic)")
                continue
            }
            let device = try #require(decoded?.devices.first, "\(topic)")
            #expect(device.device == DeviceID(site: "home", device: try message.string("device")))
            #expect(device.originalName == (try message.optionalString("original") ?? device.device.device))
            var readings: [String: Double] = [:]
            for (channel, value) in try message.object("readings").object { readings[channel] = value.number }
            #expect(Dictionary(device.readings.map { ($0.channel, $0.value) }) { a, _ in a } == readings, "\(topic)")
            let t = try message.optionalNumber("t")
            #expect(device.readings.allSatisfy { $0.t == t ?? Self.arrival && $0.timeIsArrival == (t == nil) })
            #expect(device.batteryPercent == (try message.optionalNumber("battery")), "\(topic)")
            #expect(device.supplyVolts == (try message.optionalNumber("voltage")), "\(topic)")
            #expect(decoded?.issues.count == (try message.optionalInteger("issues") ?? 0), "\(topic)")
        }
    }

    @Test(
        "Every unit of a ready mapping is one that converts",
        arguments: ["zigbee2mqtt", "tasmota", "esphome", "shelly", "theengs", "sparkplug"])
    func units(system: String) throws {
        for channel in try mapping(system).sources.flatMap(\.channels) {
            #expect(channel.unit.map(UnitConversion.knows) ?? true, "\(channel.name)")
        }
    }
}
