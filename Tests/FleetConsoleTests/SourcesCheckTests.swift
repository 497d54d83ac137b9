import Foundation
import Telemetry
import Testing

@testable import FleetConsole

@Suite("Sources files are tried on messages")
struct SourcesCheckTests {
    private func check(_ lines: [String]) throws -> SourcesCheck {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../services/edge-inferencer/sources/zigbee2mqtt.json")
        var check = try SourcesCheck(file: [UInt8](Data(contentsOf: file)), site: "home")
        for line in lines { check.append(line: line, arrival: 1_760_000_000) }
        return check
    }

    @Test("Channels are listed with their last values; everything used is a clean check")
    func clean() throws {
        let check = try check([
            "zigbee2mqtt/Living Room\t{\"temperature\":21.5,\"humidity\":40}",
            "zigbee2mqtt/Living Room\t{\"temperature\":22.25,\"humidity\":41}",
        ])
        #expect(check.isClean && check.messages == 2)
        let text = check.table.text
        #expect(text.contains("home/living-room") && text.contains("temperature") && text.contains("22.25"))
        #expect(text.contains("arrival"))
    }

    @Test("Topics that no source takes and payloads that cannot be read are told, without control characters")
    func problems() throws {
        let check = try check(["else/where 5", "else/where 6", "zigbee2mqtt/lamp {", "nothing", "a\u{1B}b 1"])
        #expect(!check.isClean && check.failureCount == 2)
        #expect(check.problems.contains("no source takes else/where (2 messages)"))
        #expect(check.problems.contains { $0.hasPrefix("zigbee2mqtt/lamp: ") })
        #expect(check.problems.allSatisfy { !$0.contains("\u{1B}") })
    }

    @Test("A file that is none is refused by the key at fault")
    func badFile() {
        #expect(throws: SourceError.self) { try SourcesCheck(file: Array("{}".utf8), site: "home") }
    }
}
