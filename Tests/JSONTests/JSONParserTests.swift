import JSON
import Testing

@Suite("JSON parser") struct JSONParserTests {
    static func value(_ text: String) throws(JSONError) -> JSONValue { try JSONValue(parsing: text) }

    static func error(_ text: String) -> JSONError? {
        do throws(JSONError) {
            _ = try JSONValue(parsing: text)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "Sound texts of RFC 8259 are read",
        arguments: [
            ("null", JSONValue.null), (" true\t\r\n", .bool(true)), ("false", .bool(false)), ("0", .integer(0)),
            ("-0", .integer(0)), ("-1", .integer(-1)), ("1.5", .double(1.5)), ("1E3", .double(1000)),
            ("1e+3", .double(1000)), ("25e-1", .double(2.5)), ("0.0", .double(0)), ("0e5", .double(0)),
            ("\"\"", .string("")),
            ("[]", .array([])), ("{}", .object([:])), ("[1,2.5,-3]", .numbers([1, 2.5, -3])),
            ("[ [ ] , { } ]", .array([.array([]), .object([:])])),
            (#"["\u0041\n\/\\\"\b\f\r\t"]"#, .array([.string("A\n/\\\"\u{8}\u{C}\r\t")])),
            (#""\uD834\uDD1E""#, .string("𝄞")), (#""\u0000""#, .string("\0")),
            ("\"é \u{7F} 𝄞\"", .string("é \u{7F} 𝄞")),
            (#"{"a":{"b":[null]}}"#, .object(["a": .object(["b": .array([.null])])])),
            (#"{"":1}"#, .object(["": .integer(1)])),
        ])
    func sound(text: String, expected: JSONValue) throws {
        #expect(try Self.value(text) == expected)
    }

    @Test(
        "Unsound texts are refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "tru", "[1,]", "[,1]", "[1 2]", "[1", "[", "]", "{", "}", "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "{1:2}", "01", "-01", "00", "+1", ".5", "1.", "1.e3",
            "-", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "1,2", "\"", "\"a", "\"\\\"", "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12G4\"", "\"\n\"", "\"\t\"", "\"\u{0}\"", #""\uD834""#, #""\uDD1E""#, #""\uD834\n""#,
            #""\uD834\u0041""#,
            "// c\n1", "/* c */1", "1 x", "\u{FEFF}1", "[1]]", "{}{}", "\u{A0}1", "1e400", "-1e400", "[1,2,tru]",
        ])
    func unsound(text: String) {
        #expect(Self.error(text) != nil)
    }

    @Test("An error says where it stands")
    func offset() {
        #expect(Self.error("[1, x]")?.offset == 4)
        #expect(Self.error("{\"a\":1,\"a\":2}")?.offset == 7)
        #expect(Self.error("[1] 2")?.offset == 4)
    }

    @Test("Bytes that are no UTF-8 are refused, in plain and in escaped strings")
    func encoding() {
        for bad: [UInt8] in [[0xFF], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] {
            for text in [[0x22] + bad + [0x22], [0x22, 0x5C, 0x6E] + bad + [0x22]] {
                #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
            }
        }
    }

    @Test(
        "Integers are exact to the ends of 64 bits",
        arguments: [
            Int64.max, Int64.max - 1, Int64.min, Int64.min + 1, 9_007_199_254_740_992, 9_007_199_254_740_993,
            -9_007_199_254_740_993, 9_223_372_036_854_775_799,
        ] as [Int64])
    func integers(value: Int64) throws {
        #expect(try Self.value("\(value)").integer == value)
        guard case .integer(let read) = try Self.value("\(value)") else {
            Issue.record("\(value) is not read as an integer")
            return
        }
        #expect(read == value)
        // Also in an array, where other numbers would become doubles.
        #expect(try Self.value("[0.5,\(value)]").elements?.last?.integer == value)
    }

    @Test("Numbers beyond 64 bits become the nearest double")
    func large() throws {
        #expect(try Self.value("9223372036854775808").number == 9_223_372_036_854_775_808)
        #expect(try Self.value("-9223372036854775809").number == -9_223_372_036_854_775_808)
        #expect(try Self.value("18446744073709551616").number == 18_446_744_073_709_551_616)
        #expect(try Self.value("123456789012345678901234567890").number == 123_456_789_012_345_677_877_719_597_056)
        #expect(try Self.value("1e-400").number == 0)
        #expect(try Self.value("0.1e-399999999999999999999").number == 0)
        #expect(try Self.value("1" + String(repeating: "0", count: 300)).number == 1e300)
    }

    @Test(
        "Decimal to double is correctly rounded",
        arguments: [
            // Halfway and near-halfway cases, subnormals, and both sides of the fast path's bounds.
            "9007199254740993.0", "9007199254740992e0", "9007199254740991e22", "9007199254740993e1", "1e22", "1e23",
            "1e-22",
            "1e-23", "2.2250738585072011e-308", "4.9e-324", "1.7976931348623157e308", "0.1", "0.3", "8.41e21", "179.9",
            "0.000001", "123456789.123456789", "0.30000000000000004", "18446744073709551615e-20",
            "1.00000000000000000001",
        ])
    func rounding(text: String) throws {
        let read = try #require(Self.value(text).number)
        #expect(read.bitPattern == Double(text)?.bitPattern)
        #expect(try Self.value("-" + text).number == -read)
    }

    @Test("A key that stands twice is refused, among few keys and among many")
    func duplicateKeys() {
        #expect(Self.error(#"{"a":1,"b":2,"a":3}"#)?.code == .duplicateKey)
        #expect(Self.error(#"{"a":1,"\u0061":3}"#)?.code == .duplicateKey)
        for count in [15, 16, 17, 100] {
            let members = (0..<count).map { "\"k\($0)\":\($0)" }
            #expect(Self.error("{" + members.joined(separator: ",") + "}") == nil)
            for again in [0, count / 2, count - 1] {
                let text = "{" + (members + ["\"k\(again)\":0"]).joined(separator: ",") + "}"
                #expect(Self.error(text)?.code == .duplicateKey)
            }
        }
    }

    @Test("Nesting and size are bounded")
    func limits() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64)) }
        let deep = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(65)) }
        #expect(deep?.code == .tooDeep)
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(100_000)) }
        let objects = String(repeating: "{\"a\":", count: 1000)
        #expect(Self.error(objects)?.code == .tooDeep)
        let large = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("[1,2,3]".utf8), maximumBytes: 6) }
        #expect(large?.code == .tooLarge)
    }

    @Test("Every prefix of a text is refused, and random damage never traps")
    func damage() {
        let text = Array(
            #"{"t":1760000000.25,"channels":["ax","é\n"],"values":[[0.12,-4e-3],[9,null]],"ok":true}"#.utf8)
        for count in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.prefix(count))) }
        }
        var random = TestRandom(state: 42)
        for _ in 0..<5000 {
            var damaged = text
            damaged[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            do throws(JSONError) {
                let value = try JSONValue(parsing: damaged)
                #expect(throws: Never.self) { try JSONValue(parsing: value.bytes) }
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
    }
}

/// A deterministic generator for tests.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
