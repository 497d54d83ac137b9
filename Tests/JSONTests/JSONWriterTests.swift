import JSON
import Testing

@Suite("JSON writer") struct JSONWriterTests {
    @Test("Random doubles come back bit for bit, alone and in arrays")
    func doubles() throws {
        var random = TestRandom(state: 7)
        var values: [Double] = [
            0, 1, -1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .leastNormalMagnitude, 0.1, 1 / 3, 1e21, 1e22,
        ]
        while values.count < 20_000 {
            let value = Double(bitPattern: random.next())
            if value.isFinite { values.append(value) }
            values.append((Double.random(in: -1000...1000, using: &random) * 1000).rounded() / 1000)
        }
        for value in values.prefix(3000) {
            #expect(try JSONValue(parsing: JSONValue.double(value).bytes).number == value)
        }
        guard case .numbers(let read) = try JSONValue(parsing: JSONValue.numbers(values).bytes) else {
            Issue.record("an array of numbers is not read as one")
            return
        }
        #expect(read == values)
    }

    @Test("An array of numbers turns into values where another element follows")
    func mixed() throws {
        let value = try JSONValue(parsing: #"[1,2.5,9007199254740993,"x",null,[3]]"#)
        #expect(
            value
                == .array([
                    .integer(1), .double(2.5), .integer(9_007_199_254_740_993), .string("x"), .null, .numbers([3]),
                ]))
        #expect(value.numberArray == nil)
        #expect(try JSONValue(parsing: "[1,9007199254740993]").numberArray == [1, 9_007_199_254_740_992])
        #expect(value.text == #"[1,2.5,9007199254740993,"x",null,[3]]"#)
    }

    @Test("Values are equal by meaning, not by the way they are held")
    func equality() {
        #expect(JSONValue.array([.integer(1), .double(2.5)]) == .numbers([1, 2.5]))
        #expect(JSONValue.array([]) == .numbers([]))
        #expect(JSONValue.integer(5) == .double(5))
        #expect(JSONValue.integer(.max) != .double(Double(Int64.max)))
        #expect(JSONValue.object(["a": .null, "b": .integer(1)]) == .object(["b": .double(1), "a": .null]))
        #expect(JSONValue.object(["a": .null]) != .object(["b": .null]))
        #expect(JSONValue.array([.null]) != .numbers([0]))
    }

    @Test("Strings are escaped where they must be, and read back")
    func strings() throws {
        let text = "\"\\/\u{0}\u{1F}\n\r\t\u{7F}é𝄞\u{2028}"
        let written = JSONValue.string(text).text
        #expect(written == "\"\\\"\\\\/\\u0000\\u001f\\n\\r\\t\u{7F}é𝄞\u{2028}\"")
        #expect(try JSONValue(parsing: written) == .string(text))
    }

    @Test("Objects keep the order of their keys, also when one is replaced or removed")
    func order() throws {
        var object = try #require(JSONValue(parsing: #"{"z":1,"a":2,"m":3}"#).object)
        #expect(object.keys == ["z", "a", "m"])
        object["z"] = .bool(true)
        object["a"] = nil
        object["new"] = .null
        #expect(JSONValue.object(object).text == #"{"z":true,"m":3,"new":null}"#)
    }

    @Test("The text for people reads back equal")
    func pretty() throws {
        let value = try JSONValue(parsing: #"{"a":[1,2],"b":{"c":[],"d":[{"e":null}]},"f":{}}"#)
        #expect(try JSONValue(parsing: value.prettyText) == value)
        #expect(value.prettyText.hasPrefix("{\n  \"a\": [1,2],\n"))
    }

    @Test("Numbers for people are rounded to the places asked for")
    func places() {
        #expect(JSONValue(0.123456, places: 3).text == "0.123")
        #expect(JSONValue(2.0004, places: 3).text == "2")
        #expect(JSONValue(-0.00001, places: 3).text == "0")
        #expect(JSONValue(1e300, places: 30).text == "1e+300")
    }

    @Test(
        "Canonical JSON is that of securesystemslib",
        arguments: [
            // The known answers are those of securesystemslib.formats.encode_canonical.
            (#"{"b":1,"a":[true,null,-5],"":"x"}"#, #"{"":"x","a":[true,null,-5],"b":1}"#),
            (#"{"a":"q\"b\\s\/\n\u0001é"}"#, "{\"a\":\"q\\\"b\\\\s/\n\u{1}é\"}"),
            (#"{"é":1,"z":2,"Z":3,"\ud834\udd1e":4,"\uffff":5}"#, "{\"Z\":3,\"z\":2,\"é\":1,\"\u{FFFF}\":5,\"𝄞\":4}"),
            (#"[1,2,3]"#, "[1,2,3]"), (#"[ ]"#, "[]"), (#"{ }"#, "{}"), ("9007199254740993", "9007199254740993"),
            ("5.0", "5"),
        ])
    func canonical(text: String, expected: String) throws {
        #expect(String(decoding: try JSONValue(parsing: text).canonicalBytes(), as: UTF8.self) == expected)
    }

    @Test("A fraction has no canonical form")
    func fraction() {
        for text in ["0.5", "[1,0.5]", #"{"a":[{"b":1e-3}]}"#, "1e300"] {
            let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text).canonicalBytes() }
            #expect(error?.code == .notCanonical)
        }
    }
}
