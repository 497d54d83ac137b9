import JSON
import Testing

@Suite("JSON object reader") struct JSONObjectReaderTests {
    enum Colour: String, CaseIterable { case red, green }

    static func reader() throws -> JSONObjectReader {
        try JSONObjectReader(
            JSONValue(
                parsing:
                    #"{"s":"x","n":1.5,"i":7,"whole":7.0,"b":true,"o":{"k":{"deep":"no number"}},"ns":[1,2.5],"none":[],"ss":["a","b"],"null":null,"w":"red","big":1e30}"#
            ))
    }

    @Test("Members of the right type are read")
    func read() throws {
        let reader = try Self.reader()
        #expect(try reader.string("s") == "x")
        #expect(try reader.number("n") == 1.5)
        #expect(try reader.number("i") == 7)
        #expect(try reader.integer("i") == 7)
        #expect(try reader.integer("whole") == 7)
        #expect(try reader.bool("b"))
        #expect(try reader.numbers("ns") == [1, 2.5])
        #expect(try reader.numbers("none") == [])
        #expect(try reader.strings("ss") == ["a", "b"])
        #expect(try reader.strings("none") == [])
        #expect(try reader.word("w", as: Colour.self) == .red)
        #expect(try reader.optionalString("null") == nil)
        #expect(try reader.optionalString("absent") == nil)
        #expect(try reader.optionalObject("absent") == nil)
    }

    @Test("What is missing or of the wrong type is named with its path")
    func faults() throws {
        let reader = try Self.reader()
        func fault(_ body: () throws(JSONError) -> Void) -> JSONError? {
            do throws(JSONError) {
                try body()
                return nil
            } catch {
                return error
            }
        }
        #expect(fault { () throws(JSONError) in _ = try reader.string("absent") }?.code == .missingKey)
        #expect(fault { () throws(JSONError) in _ = try reader.string("null") }?.code == .missingKey)
        for wrong in [
            fault { () throws(JSONError) in _ = try reader.string("n") },
            fault { () throws(JSONError) in _ = try reader.integer("n") },
            fault { () throws(JSONError) in _ = try reader.integer("big") },
            fault { () throws(JSONError) in _ = try reader.numbers("ss") },
            fault { () throws(JSONError) in _ = try reader.strings("ns") },
            fault { () throws(JSONError) in _ = try reader.object("ns") },
            fault { () throws(JSONError) in _ = try reader.bool("i") },
            fault { () throws(JSONError) in _ = try reader.word("s", as: Colour.self) },
        ] {
            #expect(wrong?.code == .wrongType)
        }
        let deep = fault { () throws(JSONError) in _ = try reader.object("o").object("k").number("deep") }
        #expect(deep?.message == "o.k.deep: expected a number, not string")
        #expect(
            fault { () throws(JSONError) in _ = try JSONObjectReader(.array([]), path: "p") }?.message.hasPrefix("p:")
                == true)
    }
}
