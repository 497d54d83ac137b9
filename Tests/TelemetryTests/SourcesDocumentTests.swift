import JSON
import Testing

@testable import Telemetry

private func document(_ source: String) throws -> SourcesDocument {
    try SourcesDocument(file: Array(#"{"format":1,"sources":[\#(source)]}"#.utf8))
}

@Suite("Sources files")
struct SourcesDocumentTests {
    static let valid = #"""
        {"name":"lab","about":"a board on the bench","topic":"lab/{device}/env","ignore":["lab/test/env"],"site":"north",
        "decoder":"json","textNumbers":true,"time":{"path":"ts","format":"iso8601","zone":"+01:00"},
        "battery":{"path":"power.level"},"voltage":{"path":"power.mv","unit":"mV"},"channels":[
        {"name":"temperature","path":"env[0].t","unit":"°F","timing":"periodic","rate":0.1,"scale":0.1,"offset":-4},
        {"name":"door","values":{"open":1,"shut":0},"timing":"on-change","longestSilence":86400}]}
        """#

    @Test("Everything that a source may say is read")
    func full() throws {
        let source = try #require(try document(Self.valid).sources.first)
        #expect(source.name == "lab" && source.topic.text == "lab/{device}/env" && source.ignored.count == 1)
        #expect(source.decoder == .json(textNumbers: true) && source.time?.format == .iso8601)
        #expect(source.channels.map(\.timing) == [.periodic(rate: 0.1), .onChange(longestSilence: 86400)])
        #expect(source.channels[0].scale == 0.1 && source.channels[0].offset == -4 && source.channels[1].path == "door")
    }

    @Test("Units that cannot become the task's are told with the channel")
    func units() throws {
        let document = try document(Self.valid)
        #expect(document.unitFaults(against: ["temperature": "K", "humidity": "%"]).isEmpty)
        let faults = document.unitFaults(against: ["temperature": "hPa"])
        #expect(faults.map(\.message) == ["lab, channel temperature: \"°F\" measures temperature and \"hPa\" pressure"])
    }

    @Test(
        "A wrong key is named, with what to do",
        arguments: [
            (#""site":"north""#, #""sight":"north""#, "sources[0].sight: unknown; known here are name"),
            (#""name":"lab","#, "", "sources[0].name: is missing"),
            (#""name":"lab""#, #""name":"The Lab""#, "sources[0].name: \"The Lab\" must be of a-z"),
            (#"lab/{device}/env"#, "lab/#/env", "sources[0].topic: # stands at the end"),
            (#""topic":"lab/{device}/env""#, #""topic":"lab/env""#, "sources[0].device: is missing"),
            (#""north""#, #""{place}""#, "sources[0].site: \"{place}\": {place} is not captured; {device} are"),
            (#""decoder":"json""#, #""decoder":"xml""#, "sources[0].textNumbers: only the decoder json has it"),
            (#""textNumbers":true"#, #""textNumbers":1"#, "sources[0].textNumbers: expected a boolean"),
            (#""path":"ts","#, "", "sources[0].time.path: is missing"),
            (#""iso8601""#, #""unix""#, "sources[0].time.format: \"unix\" is none of unix-s"),
            (#""+01:00""#, #""CET""#, "sources[0].time.zone: \"CET\" must be like +01:00"),
            (#""unit":"mV""#, #""unit":"lx""#, "sources[0].voltage.unit: \"lx\" measures illuminance"),
            (#""env[0].t""#, #""env[x].t""#, "sources[0].channels[0].path: \"env[x].t\" is no path"),
            (#""rate":0.1,"#, "", "sources[0].channels[0].rate: is missing"),
            (#""rate":0.1"#, #""rate":0"#, "sources[0].channels[0].rate: 0.0 is no number of samples"),
            (#""timing":"periodic","#, "", "sources[0].channels[0].timing: is missing"),
            (#""timing":"on-change""#, #""timing":"sometimes""#, "channels[1].timing: \"sometimes\" is neither"),
            (#""longestSilence":86400"#, #""rate":1"#, "channels[1].rate: an on-change channel has longestSilence"),
            (#""shut":0"#, #""shut":"no""#, "channels[1].values.shut: must be a number"),
            (#""name":"door""#, #""name":"""#, "channels[1].name: is missing"),
        ])
    func faults(part: String, replacement: String, message: String) throws {
        #expect(Self.valid.contains(part))
        let text = Self.valid.replacing(part, with: replacement)
        let error = #expect(throws: SourceError.self) { try document(text) }
        #expect(error?.code == .file && error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test("Raw samples take their rate from dt; what has no meaning for them is refused")
    func raw() throws {
        let text =
            #"{"name":"a","topic":"a/{device}","decoder":"int16","dt":0.02,"channels":[{"name":"x"},{"name":"y"}]}"#
        #expect(try document(text).sources[0].channels.map(\.timing) == [.periodic(rate: 50), .periodic(rate: 50)])
        for (part, other) in [
            (#""dt":0.02,"#, ""), (#"{"name":"y"}"#, #"{"name":"y","timing":"periodic","rate":50}"#),
            (#"{"name":"y"}"#, #"{"name":"x"}"#), (#"{"name":"y"}"#, #"{"name":"y","path":"p"}"#),
        ] {
            #expect(throws: SourceError.self) { try document(text.replacing(part, with: other)) }
        }
    }

    @Test("Sources that match the same topics, or have one name, are refused; so are other formats")
    func whole() throws {
        let twin = Self.valid.replacing("\"lab\"", with: "\"twin\"").replacing("{device}", with: "{board}")
            .replacing(#""site":"north""#, with: #""site":"north","device":"{board}""#)
        #expect(
            throws: SourceError(
                .file, "sources[1].topic: matches the same topics as sources[0]; put their channels together")
        ) { try document(Self.valid + "," + twin) }
        #expect(throws: SourceError.self) { try document(Self.valid + "," + Self.valid) }
        #expect(throws: SourceError.self) { try SourcesDocument(file: Array(#"{"format":2,"sources":[]}"#.utf8)) }
        #expect(throws: SourceError.self) { try SourcesDocument(file: Array("no".utf8)) }
        #expect(throws: SourceError.self) { try document("") }
    }
}
