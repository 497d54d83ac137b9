import BusAPI
import JSON
import Telemetry
import Testing

@testable import MetricsAggregation

@Suite("What pages are told of the fleet") struct FleetBoardTests {
    private let root = Fixture.topics.root

    private func message(_ topic: String, _ text: String) -> BusMessage {
        BusMessage(topic: root + "/" + topic, text: text)
    }

    private func object(_ text: [UInt8]?) throws -> JSONObject {
        try JSONObjectReader(JSONValue(parsing: try #require(text))).object
    }

    @Test("The newest of each topic is held with its time; what is taken back is told once as nothing")
    func newest() throws {
        var board = FleetBoard(root: root, limit: 10)
        board.take(message("status/a/b", #"{"t":1}"#), now: 5)
        board.take(message("status/a/b", #"{"t":2}"#), now: 6)
        board.take(message("availability/device/home/x", "online"), now: 7)
        let changes = try object(board.takeChanges())
        #expect(changes["status/a/b"] == .object(["at": .integer(6), "payload": .object(["t": .integer(2)])]))
        #expect(changes["availability/device/home/x"]?.object?["payload"] == .string("online"))
        #expect(board.takeChanges() == nil)
        board.take(message("status/a/b", ""), now: 8)
        board.take(message("status/never/there", ""), now: 8)
        #expect(try object(board.takeChanges())["status/a/b"] == .null)
        #expect(try object(board.snapshot).keys == ["availability/device/home/x"])
    }

    @Test("No more topics than the limit are held, and neither what is too large nor what is no JSON; they are counted")
    func bounds() throws {
        var board = FleetBoard(root: root, limit: 2)
        board.take(message("status/a/1", "{}"), now: 0)
        board.take(message("status/a/2", "{"), now: 0)
        board.take(message("status/a/3", "\"" + String(repeating: "x", count: FleetBoard.payloadLimit) + "\""), now: 0)
        board.take(message("status/a/4", "{}"), now: 0)
        board.take(message("status/a/5", "{}"), now: 0)
        board.take(BusMessage(topic: "elsewhere/status/a/6", text: "{}"), now: 0)
        #expect(board.count == 2 && board.leftOut == 3)
        board.take(message("status/a/4", #"{"t":1}"#), now: 1)
        #expect(
            try object(board.snapshot)["status/a/4"]?.object?["at"] == .integer(1), "what is known is still renewed")
    }

    @Test("Names that could end a string or a line stay within theirs")
    func names() throws {
        var board = FleetBoard(root: root, limit: 10)
        let evil = "availability/device/home/\"\n\u{2028}</script>"
        board.take(message(evil, "on\"line\n"), now: 0)
        let text = board.snapshot
        #expect(!text.contains(UInt8(ascii: "\n")), "an event is one line")
        #expect(try object(text)[evil]?.object?["payload"] == .string("on\"line\n"))
    }

    @Test("Ten thousand topics are told in less than a second")
    func speed() {
        var board = FleetBoard(root: root, limit: 20_000)
        for index in 0..<10_000 { board.take(message("device/home/d-\(index)", #"{"t":1,"name":"x"}"#), now: 0) }
        let spent = ContinuousClock().measure { _ = board.snapshot }
        #expect(spent < .seconds(1))
        #expect(board.count == 10_000)
    }
}
