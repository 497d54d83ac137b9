import BusAPI
import BusTesting
import Energy
import JSON
import ServiceRuntime
import Telemetry
import Testing

@testable import EdgeInference

@Suite("An edge is told which device it is and where its power is published")
struct EnergyMeteringTests {
    @Test("A profile is a name with or without a revision, or a file; a radio is one of its")
    func profile() throws {
        let fixture = try EdgeFixture()
        let plain = try fixture.settings()
        #expect(plain.profile == .x86Gateway && plain.hardware == "x86-gateway" && plain.radio == .ethernet)
        #expect(plain.powerTopic == nil)
        let chosen = try fixture.settings(["edge.profile": "rpi5@2", "edge.radio": "lora"])
        #expect(chosen.profile == .raspberryPi5 && chosen.hardware == "rpi5" && chosen.radio == .lora)
        var mine = DeviceProfile.cortexA53
        mine.name = "my-gateway@3"
        try fixture.folder.directory.replace("mine.json", with: Array(mine.json.prettyText.utf8))
        let file = try fixture.settings(["edge.profile": fixture.folder.directory.file("mine.json")])
        #expect(file.profile == mine && file.hardware == "my-gateway")
    }

    @Test(
        "A setting that cannot be is refused by its key, with what can",
        arguments: [
            ("edge.profile", "rpi5@1", "use rpi5@2"), ("edge.profile", "toaster", "none of cortex-m4@2"),
            ("edge.profile", "/nowhere.json", "/nowhere.json is not there"),
            ("edge.radio", "ble", "none of x86-gateway@2's radios: ethernet@2, wifi@2, lte-m@1"),
            ("edge.energy.power.topic", "plug/+/power", "must be one topic"),
            ("edge.energy.power.scale", "0", "must be above 0"), ("edge.energy.power.gap", "-1", "must be above 0"),
        ])
    func faults(key: String, value: String, message: String) throws {
        let fixture = try EdgeFixture()
        #expect {
            _ = try fixture.settings(["edge.energy.power.topic": "plug/power"].merging([key: value]) { $1 })
        } throws: {
            let error = try #require($0 as? ConfigurationError)
            return error.key == key && "\(error)".contains(message)
        }
    }

    @Test("The power that a plug publishes is the host's measured energy; what is no power is rejected")
    func plug() async throws {
        let fixture = try EdgeFixture()
        try fixture.provisionRoot()
        func plug(_ text: String) async throws {
            try await fixture.world.publish(BusMessage(topic: "tele/plug/SENSOR", payload: Array(text.utf8)))
        }
        try await fixture.run([
            "edge.energy.power.topic": "tele/plug/SENSOR", "edge.energy.power.path": "ENERGY.Power",
            "edge.radio": "wifi",
        ]) { edge in
            try await fixture.wait("the plug is heard and refused") {
                try await plug(#"{"ENERGY":{"Today":0.1}}"#)
                return try fixture.rejects.contains { $0.topic == "tele/plug/SENSOR" && $0.code == "malformed" }
            }
            try await fixture.wait("joules of the plug") {
                try await plug(#"{"ENERGY":{"Power":4}}"#)
                await edge.app.energy.report()
                let host = try fixture.published(EnergyMessage.self, "energy/north/gw-north").last?.joules["host"]
                return host?.meter == "topic" && host?.value ?? 0 > 0
            }
            let message = try #require(try fixture.published(EnergyMessage.self, "energy/north/gw-north").last)
            let host = try #require(message.joules["host"])
            #expect(host.method == .measured && host.scope == "supply" && host.low == host.value)
            #expect(message.joules["idle"]?.profile == "x86-gateway@2")
            #expect(edge.board.details["radio"] == .string("wifi@2"))
            let meters = edge.board.details["meters"]?.elements?.compactMap(\.string) ?? []
            #expect(meters.first == "cpu-time" && meters.last == "topic")
        }
    }
}
