import Testing

@testable import Telemetry

private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8.filter { $0 != 0x20 })
    return stride(from: 0, to: digits.count, by: 2).map { at in
        UInt8(String(decoding: digits[at...at + 1], as: UTF8.self), radix: 16) ?? 0
    }
}

private func records(_ json: String) throws -> [SenMLRecord] { try SenMLRecord.read(json: Array(json.utf8)) }

/// Examples of RFC 8428, https://www.rfc-editor.org/rfc/rfc8428.
@Suite("SenML")
struct SenMLTests {
    @Test("RFC 8428, section 5.1.1: a single datapoint without a time is of now")
    func single() throws {
        let record = try #require(try records(#"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]"#).first)
        #expect(record.fullName == "urn:dev:ow:10e2073a01080063" && record.unit == "Cel")
        #expect(record.value == .number(23.1) && record.t == nil && record.lag == 0)
    }

    /// Section 5.1.2, second example; section 6 shows it in CBOR.
    private static let datapoints = #"""
        [{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
        {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","t":-3,"v":1.4},
        {"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},{"n":"current","v":1.7}]
        """#

    @Test("RFC 8428, section 5.1.2: base name, time and unit are worked into every record")
    func bases() throws {
        let records = try records(Self.datapoints)
        #expect(records.count == 7 && records.allSatisfy { $0.baseName == "urn:dev:ow:10e2073a0108006:" })
        #expect(records[0].name == "voltage" && records[0].unit == "V" && records[0].t == 1_276_020_076.001)
        #expect(records[1...].allSatisfy { $0.name == "current" && $0.unit == "A" })
        #expect(records[1].t == 1_276_020_071.001 && records[6].t == 1_276_020_076.001)
        #expect(records[1...].map(\.value) == [1.2, 1.3, 1.4, 1.5, 1.6, 1.7].map { .number($0) })
    }

    @Test("RFC 8428, section 6: the same pack in CBOR reads the same")
    func cbor() throws {
        let payload = bytes(
            "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b0010622361412005006776"
                + "6f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272"
                + "656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272656e7406"
                + "2102f93e00a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb3333333333"
                + "33")
        let read = try SenMLRecord.read(cbor: payload)
        let expected = try records(Self.datapoints)
        #expect(read == expected)
    }

    @Test("RFC 8428, section 5.1.3: humidity and position over time, with relative times")
    func multiple() throws {
        let records = try records(
            #"""
            [{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},
            {"u":"lon","v":24.30621},{"u":"lat","v":60.07965},{"t":60,"v":20.3},{"u":"lon","t":60,"v":24.30622}]
            """#)
        #expect(records.map(\.unit) == ["%RH", "lon", "lat", "%RH", "lon"])
        #expect(records[3].t == 1_320_067_524 && records[3].value == .number(20.3))
    }

    @Test("RFC 8428, section 5.1.5: texts, booleans and bytes beside numbers")
    func kinds() throws {
        let records = try records(
            #"""
            [{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},
            {"n":"open","vb":false},{"n":"nfc-reader","vd":"aGkgCg"}]
            """#)
        #expect(records.map(\.value) == [.number(23.1), .text("Machine Room"), .bool(false), .other])
    }

    @Test("RFC 8428, section 5.1.6: a collection of several devices keeps the base time of the first record")
    func collection() throws {
        let records = try records(
            #"""
            [{"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},
            {"n":"humidity","u":"%RH","v":30},{"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
            {"n":"humidity","u":"%RH","v":67}]
            """#)
        #expect(
            records.map(\.fullName) == [
                "2001:db8::2/temperature", "2001:db8::2/humidity", "2001:db8::1/temperature", "2001:db8::1/humidity",
            ])
        #expect(records.allSatisfy { $0.t == 1_320_078_429 })
    }

    @Test("Base values are added, and times before 2^28 are relative to now")
    func sums() throws {
        let records = try records(#"[{"bn":"d:","bv":20,"n":"a","v":1.5},{"n":"b","bv":30},{"n":"a","t":-7,"v":1}]"#)
        #expect(records.map(\.value) == [.number(21.5), .number(30), .number(31)])
        #expect(records[2].t == nil && records[2].lag == 7)
    }

    @Test(
        "What is no pack is refused",
        arguments: [
            "{}", "[1]", #"[{"n":"a"}]"#, #"[{"v":1}]"#, #"[{"n":"a","v":"1"}]"#, #"[{"n":"a","v":1,"x_":2}]"#,
            #"[{"bver":11,"n":"a","v":1}]"#, "[", #"[{"n":1,"v":1}]"#,
        ])
    func refused(text: String) { #expect(throws: SourceError.self) { try records(text) } }

    @Test("RFC 8949, appendix A: items of every kind")
    func items() throws {
        #expect(try CBORReader.read(bytes("1864")) == .integer(100))
        #expect(try CBORReader.read(bytes("3903e7")) == .integer(-1000))
        #expect(try CBORReader.read(bytes("f93c00")) == .double(1))
        #expect(try CBORReader.read(bytes("f97bff")) == .double(65504))
        #expect(try CBORReader.read(bytes("f90001")) == .double(5.960464477539063e-8))
        #expect(try CBORReader.read(bytes("f9c400")) == .double(-4))
        #expect(try CBORReader.read(bytes("fa47c35000")) == .double(100_000))
        #expect(try CBORReader.read(bytes("c11a514b67b0")) == .integer(1_363_896_240))
        #expect(try CBORReader.read(bytes("7f657374726561646d696e67ff")) == .text("streaming"))
        #expect(try CBORReader.read(bytes("9f018202039f0405ffff")) == CBORReader.read(bytes("8301820203820405")))
        #expect(
            try CBORReader.read(bytes("bf6346756ef563416d7421ff"))
                == .map([(.text("Fun"), .bool(true)), (.text("Amt"), .integer(-2))]))
        #expect(try CBORReader.read(bytes("f6")) == .null)
    }

    @Test(
        "Hostile CBOR is refused, not believed: lengths, depth, breaks, ends",
        arguments: [
            "", "ff", "1c", "5bffffffffffffffff", "9bffffffffffffffff00", "bb7fffffffffffffff", "7a7fffffff61", "9f01",
            "a101", "8201", "0000", "1bffffffffffffffff", "61ff", "5f61ff", "82ff01", "bf01ff", "f8", "fb0000", "df00",
        ])
    func hostile(hex: String) { #expect(throws: SourceError.self) { try CBORReader.read(bytes(hex)) } }

    @Test("Depth is bounded, for arrays and for tags")
    func depth() {
        for byte in [UInt8(0x81), 0xC1, 0x9F] {
            #expect(throws: SourceError.self) {
                try CBORReader.read([UInt8](repeating: byte, count: 100_000) + [0])
            }
        }
    }

    @Test("No cut or changed byte of a pack does more than throw")
    func cuts() throws {
        let payload = bytes("82a4216164220a006161021903e8a30061620604f4 02f93e00".filter { $0 != " " })
        for end in payload.indices { _ = try? SenMLRecord.read(cbor: Array(payload[..<end])) }
        for at in payload.indices {
            for value in UInt8.min...UInt8.max {
                var changed = payload
                changed[at] = value
                _ = try? SenMLRecord.read(cbor: changed)
            }
        }
    }
}
