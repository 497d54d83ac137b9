import Foundation
import Testing

@testable import Telemetry

@Suite("The guide to sources")
struct SourcesGuideTests {
    private static func guide() throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appendingPathComponent("../../docs/sources.md"))
        return String(decoding: data, as: UTF8.self)
    }

    @Test("Every example in it is a file, or a source, that is read")
    func examples() throws {
        let blocks = try Self.guide().components(separatedBy: "```json\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count == 9)
        for block in blocks {
            let text = block.contains("\"format\": 1") ? block : #"{"format":1,"sources":[\#(block)]}"#
            _ = try SourcesDocument(file: Array(text.utf8))
        }
    }

    @Test("It names every key that a file may have")
    func keys() throws {
        let guide = try Self.guide()
        for key in SensorSource.keys + SourceChannel.keys { #expect(guide.contains("`\(key)`"), "\(key)") }
    }
}
