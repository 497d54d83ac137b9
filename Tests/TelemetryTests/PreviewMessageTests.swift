import JSON
import Testing

@testable import Telemetry

@Suite("Messages of live signals") struct PreviewMessageTests {
    private let samples = TelemetryMessage(
        t: 1_760_000_000.5, interval: 0.1, channels: ["a", "b"], values: [1, 2, .nan, 4])

    @Test("A stretch of signal is written for people and read back")
    func preview() throws {
        let message = PreviewMessage(t: 1_760_000_009, samples: samples)
        let text = String(decoding: message.payload, as: UTF8.self)
        #expect(
            text.contains(#""t":1760000009"#) && text.contains(#""from":1760000000.5"#) && text.contains("[null,4]"))
        let read = try PreviewMessage(payload: message.payload)
        #expect(read.t == message.t && read.samples.t == samples.t && read.samples.interval == 0.1)
        #expect(read.samples.channels == samples.channels && read.samples.values[2].isNaN)
    }

    @Test("A stretch without its time, and one of too many rows, is refused")
    func bad() throws {
        let long = TelemetryMessage(
            t: 1_760_000_000, interval: 1, channels: ["a"],
            values: Array(repeating: 1, count: PreviewMessage.maximumRows + 1))
        #expect(throws: JSONError.self) {
            try PreviewMessage(payload: PreviewMessage(t: 1.76e9, samples: long).payload)
        }
        #expect(throws: JSONError.self) {
            try PreviewMessage(payload: Array(#"{"t":1760000000,"channels":["a"],"values":[[1]]}"#.utf8))
        }
        #expect(throws: JSONError.self) { try PreviewMessage(payload: Array("[]".utf8)) }
    }

    @Test("A request names a site and a device as topics do")
    func request() throws {
        let request = PreviewRequest(t: 1_760_000_000, device: DeviceID(site: "home", device: "wrist-7"))
        #expect(try PreviewRequest(payload: request.payload) == request)
        for wrong in ["home/x", "", "+", "Home"] {
            let payload = Array(#"{"t":1760000000,"site":"\#(wrong)","device":"x"}"#.utf8)
            #expect(throws: JSONError.self, "\(wrong)") { try PreviewRequest(payload: payload) }
        }
    }
}
