import JSON
import Testing

@testable import Telemetry

private func decode(_ text: String) throws -> TelemetryMessage { try TelemetryMessage(payload: Array(text.utf8)) }

@Suite("Telemetry messages")
struct TelemetryMessageTests {
    @Test("Rows of samples are read into one flat array")
    func rows() throws {
        let message = try decode(
            #"{"t":1760000000.000,"dt":0.05,"seq":8812,"channels":["ax","ay","az"],"#
                + #""values":[[0.12,-0.44,9.71],[0.15,-0.41,9.69]],"fw":"1.2"}"#)
        #expect(message.t == 1_760_000_000 && message.interval == 0.05 && message.sequence == 8812)
        #expect(message.channels == ["ax", "ay", "az"] && message.rows == 2)
        #expect(message.values == [0.12, -0.44, 9.71, 0.15, -0.41, 9.69])
        #expect(!message.batch(arrival: 5).timeIsArrival)
    }

    @Test("A flat object is one sample; what is neither number nor boolean is left out")
    func flat() throws {
        let message = try decode(
            #"{"co2":612,"temperature":21.4,"motion":true,"seq":4,"mode":"eco","x":null,"location":{"room":7}}"#)
        #expect(message.channels == ["co2", "temperature", "motion"] && message.values == [612, 21.4, 1])
        #expect(message.t == nil && message.sequence == 4 && message.rows == 1)
        let batch = message.batch(arrival: 1_760_000_003.5)
        #expect(batch.timeIsArrival && batch.t == 1_760_000_003.5)
    }

    @Test("Without a time, the arrival is that of the last sample")
    func arrival() throws {
        let batch = try decode(#"{"dt":0.5,"channels":["a"],"values":[1,2,3]}"#).batch(arrival: 1_760_000_010)
        #expect(batch.t == 1_760_000_009 && batch.timeIsArrival && batch.values == [1, 2, 3])
    }

    @Test("Nulls are missing values, booleans numbers, one row may stand without brackets")
    func forms() throws {
        let message = try decode(#"{"t":1760000000,"dt":1,"channels":["a","b"],"values":[[1,null],[true,false]]}"#)
        #expect(message.values[0] == 1 && message.values[1].isNaN && message.values[2...] == [1, 0])
        #expect(try decode(#"{"channels":["a","b"],"values":[3,4]}"#).values == [3, 4])
        let text = String(decoding: message.payload, as: UTF8.self)
        #expect(text == #"{"t":1760000000,"dt":1,"channels":["a","b"],"values":[[1,null],[1,0]]}"#)
    }

    @Test(
        "Times in ISO 8601 are read",
        arguments: [
            ("2025-10-09T08:53:20Z", 1_760_000_000.0), ("2025-10-09T08:53:20.125Z", 1_760_000_000.125),
            ("2025-10-09T10:53:20+02:00", 1_760_000_000), ("2025-10-09T03:23:20-0530", 1_760_000_000),
            ("2025-10-09 08:53:20", 1_760_000_000), ("2025-10-09T08:53Z", 1_759_999_980),
            ("2024-02-29T00:00:00Z", 1_709_164_800), ("2000-03-01T00:00:00Z", 951_868_800),
            ("2099-12-31T23:59:59Z", 4_102_444_799),
        ])
    func iso(text: String, seconds: Double) throws {
        #expect(Timestamp.parse(iso8601: text) == seconds)
        #expect(try decode(#"{"t":"\#(text)","a":1}"#).t == seconds)
    }

    @Test(
        "Other texts are no times",
        arguments: [
            "", "yesterday", "2025-10-09", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2025-10-09T24:00:00Z",
            "2025-10-09T08:60:00Z", "2025-10-09T08:53:20.Z", "2025-10-09T08:53:20+2", "2025-10-09T08:53:20Zx",
            "2025-10-09T08:53:20.1234567890123456Z", "1999-12-31T23:59:59Z", "2025-1-09T08:53:20Z",
            "٢٠٢٥-10-09T08:53:20Z",
        ])
    func noTime(text: String) {
        #expect(throws: JSONError.self) { _ = try decode(#"{"t":"\#(text)","a":1}"#) }
    }

    @Test(
        "What is no telemetry is refused with the key at fault",
        arguments: [
            (#"{}"#, "neither"), (#"[]"#, "object"), (#"{"a":"x"}"#, "neither"), (#"{"t":17,"a":1}"#, "t:"),
            (#"{"t":1760000000000,"a":1}"#, "t:"), (#"{"t":true,"a":1}"#, "t:"), (#"{"t":1e999,"a":1}"#, "number"),
            (#"{"values":[[1]]}"#, "channels"), (#"{"channels":[],"values":[[]]}"#, "channels"),
            (#"{"channels":["a"],"values":[]}"#, "no sample"), (#"{"channels":["a"],"values":null}"#, "values"),
            (#"{"channels":["a","b"],"values":[[1,2],[3]]}"#, "values[1]"),
            (#"{"channels":["a","b"],"values":[[1,2,3]]}"#, "values[0]"),
            (#"{"channels":["a","b"],"values":[1,2,3]}"#, "3 numbers"),
            (#"{"channels":["a"],"values":[["1"]]}"#, "values[0]"), (#"{"channels":["a"],"values":{}}"#, "values"),
            (#"{"channels":["a"],"values":["x"]}"#, "values[0]"), (#"{"channels":["a"],"values":[[1e39]]}"#, "32-bit"),
            (#"{"channels":["a","a"],"values":[[1,1]]}"#, "twice"), (#"{"channels":[""],"values":[[1]]}"#, "channels"),
            (#"{"channels":[1],"values":[[1]]}"#, "channels"),
            (#"{"dt":0,"channels":["a"],"values":[[1]]}"#, "dt"), (#"{"dt":-1,"channels":["a"],"values":[[1]]}"#, "dt"),
            (#"{"dt":100000,"channels":["a"],"values":[[1]]}"#, "dt"),
            (#"{"t":4102444799,"dt":1,"channels":["a"],"values":[1,2,3]}"#, "dt"),
            (#"{"seq":1.5,"a":1}"#, "seq"), (#"{"a":1,"a":2}"#, "twice"), (#"{"a":NaN}"#, "value"),
            (#"{"channels":["a"],"values":[[NaN]]}"#, "value"), (#"{"a":1"#, "object"), ("\u{0}\u{1}", "value"),
        ])
    func refused(text: String, says: String) {
        let error = #expect(throws: JSONError.self) { _ = try decode(text) }
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "none")")
    }

    @Test("More samples, channels or bytes than the bounds are refused")
    func bounds() {
        let rows = String(repeating: "1,", count: TelemetryMessage.maximumRows) + "1"
        #expect(throws: JSONError.self) { _ = try decode(#"{"channels":["a"],"values":[\#(rows)]}"#) }
        let names = (0...256).map { "\"c\($0)\"" }.joined(separator: ",")
        let cells = (0...256).map(String.init).joined(separator: ",")
        #expect(throws: JSONError.self) { _ = try decode(#"{"channels":[\#(names)],"values":[[\#(cells)]]}"#) }
        let flat = (0...256).map { "\"c\($0)\":\($0)" }.joined(separator: ",")
        #expect(throws: JSONError.self) { _ = try decode("{\(flat)}") }
        let error = #expect(throws: JSONError.self) {
            _ = try TelemetryMessage(payload: [UInt8](repeating: 0x20, count: TelemetryMessage.maximumBytes + 1))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("What is written is short and reads back bit for bit")
    func roundTrip() throws {
        let values: [Float] = [13.256, -0.814, 0.1, 1e-7, 3.402_823_5e38, -0, 123_456.79, .pi, 1.175_494_4e-38, 0]
        let message = TelemetryMessage(
            t: 1_760_000_000.05, interval: 0.05, sequence: 3, channels: ["a", "b"], values: values)
        #expect(try TelemetryMessage(payload: message.payload) == message)
        #expect(String(decoding: message.payload, as: UTF8.self).contains("[[13.256,-0.814],[0.1,"))
    }
}
