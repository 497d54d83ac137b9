import BusAPI
import Testing

@Suite("Broker addresses")
struct BusURLTests {
    @Test("Every part is read")
    func parts() throws {
        let url = try BusURL("mqtts://edge:p%40ss:w@broker.example:9999/")
        #expect(url.host == "broker.example" && url.port == 9999 && url.isEncrypted)
        #expect(url.username == "edge" && url.password == "p@ss:w")
        #expect(url.description == "mqtts://edge@broker.example:9999")
    }

    @Test("Ports have MQTT's defaults")
    func defaults() throws {
        #expect(try BusURL("mqtt://localhost").port == 1883)
        #expect(try BusURL("mqtts://localhost").port == 8883)
        let url = try BusURL("mqtt://[::1]")
        #expect(url.host == "::1" && url.description == "mqtt://[::1]:1883")
        #expect(try BusURL("mqtt://[::1]:18").port == 18)
    }

    @Test(
        "Anything else is refused, without repeating a password",
        arguments: [
            "", "localhost", "http://x", "mqtt://", "mqtt://x:0", "mqtt://x:65536", "mqtt://x:abc", "mqtt://::1",
            "mqtt://[::1", "mqtt://u:secret%zz@h", "mqtt://:secret@h", "mqtt://u:secret@h:x", "mqtt://a b",
            "mqtt://h/path",
        ])
    func refused(text: String) {
        #expect {
            try BusURL(text)
        } throws: {
            ($0 as? BusError)?.code == .invalidConfiguration && !"\($0)".contains("secret")
        }
    }
}
