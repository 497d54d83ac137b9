import BusAPI
import JSON
import ServiceRuntime
import Telemetry
import Testing

@testable import Sparkplug

@Suite("What the Sparkplug bridge publishes") struct SparkplugOutputTests {
    private let update = SparkplugReader.Update(
        node: SparkplugNode(group: "G 1", node: "Raspberry Pi"), device: "Pibrella", t: 1_486_144_502.122,
        values: ["Inputs/A": 1, "t": 21.5], isOnline: true)

    @Test("Values by name with their time, on a topic that names group, node and device")
    func flat() throws {
        let message = try #require(try SparkplugOutput("sparkplug/{group}/{node}/{device}").message(update))
        #expect(message.topic == "sparkplug/G 1/Raspberry Pi/Pibrella")
        #expect(
            String(decoding: message.payload, as: UTF8.self)
                == #"{"t":1486144502.122,"Inputs/A":1,"metric/t":21.5,"online":true}"#)
        let telemetry = try TelemetryMessage(payload: message.payload)
        #expect(telemetry.channels == ["Inputs/A", "metric/t", "online"] && telemetry.t == 1_486_144_502.122)
    }

    @Test("On telemetry topics names are slugged; a node's own values are the device \"node\"")
    func telemetry() throws {
        let output = try SparkplugOutput("retort/v1/telemetry/north/{node}-{device}")
        #expect(output.message(update)?.topic == "retort/v1/telemetry/north/raspberry-pi-pibrella")
        var own = update
        own.device = nil
        #expect(output.message(own)?.topic == "retort/v1/telemetry/north/raspberry-pi-node")
        own.values = [:]
        own.isOnline = nil
        #expect(output.message(own) == nil)
    }

    @Test(
        "A topic that would mix devices, or be heard by the bridge itself, is refused",
        arguments: [
            "sparkplug/{node}", "x/{device}", "a/+/{node}/{device}", "{node}/{device}/{other}",
            "spBv1.0/{node}/{device}",
        ])
    func templates(text: String) {
        #expect(throws: ConfigurationError.self) { try SparkplugOutput(text) }
    }
}
