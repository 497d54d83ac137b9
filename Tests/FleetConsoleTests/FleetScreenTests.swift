import BusAPI
import Telemetry
import Testing

@testable import FleetConsole

@Suite("The live status")
struct FleetScreenTests {
    @Test("No line is wider than the terminal, whatever the fleet says", arguments: [20, 40, 80])
    func width(columns: Int) throws {
        let topics = TopicSpace()
        var fleet = FleetView(topics: topics)
        let edge = EdgeID(site: "north", edge: "gateway-with-a-long-name")
        let installed = InstalledMessage(t: 1_760_000_000, state: .downloading, running: 6, desired: 7)
        fleet.ingest(
            BusMessage(topic: topics.string(.installed(model: "activity", edge)), payload: installed.payload),
            now: 1_760_000_000)
        let reject = RejectMessage(
            t: 1_760_000_000, topic: "retort/v1/telemetry/north/" + String(repeating: "x", count: 100),
            code: "malformed", reason: "the payload is no JSON", count: 1)
        fleet.ingest(
            BusMessage(topic: topics.string(.reject(executable: "edge-inferencer")), payload: reject.payload),
            now: 1_760_000_000)

        let lines = FleetScreen.lines(fleet, note: "waiting", elapsed: 71, width: columns, bold: false)
        #expect(lines.count == 4 && lines.allSatisfy { $0.count <= columns })
        #expect(lines[0].hasPrefix("Retort  1:11"))
        #expect(lines[2].contains("gateway-wit"))
        // What makes the title bold takes no column.
        let title = FleetScreen.lines(fleet, note: "waiting", elapsed: 71, width: columns, bold: true)[0]
        #expect(title == "\u{1B}[1m\(lines[0])\u{1B}[0m")
    }
}
