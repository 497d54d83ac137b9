import ModelArtifact
import Telemetry
import Testing

@testable import FleetConsole

@Suite("Labels by keys")
struct LiveLabelsTests {
    private static let t = 1_760_000_000.0
    private static let device = DeviceID(site: "home", device: "hand")
    private static let task = TaskDocument(
        name: "gesture", channels: [.init(name: "ax", unit: "m/s2")], rate: 20, window: 20, step: 10,
        classes: [.init(name: "rest"), .init(name: "wave")])
    private var labels: LiveLabels

    init() throws { labels = try LiveLabels(device: Self.device, task: Self.task) }

    private mutating func press(_ key: Character, _ seconds: Double) -> [LabelMessage] {
        labels.press(key, now: Self.t + seconds)
    }

    @Test("A key starts its class and ends the one before; the same key or space ends it")
    mutating func keys() {
        #expect(press("1", 0).isEmpty)
        let first = press("2", 10)
        #expect(first.map(\.content) == [.label("rest")])
        #expect(first.first?.from == Self.t && first.first?.to == Self.t + 10)
        #expect(press("2", 14).map(\.content) == [.label("wave")])
        #expect(labels.current.isEmpty && press(" ", 15).isEmpty && press("x", 15).isEmpty)
        _ = press("1", 20)
        #expect(press(" ", 26).map(\.content) == [.label("rest")])
        #expect(labels.said.map(\.choice.label) == ["rest", "wave", "rest"])
        #expect(Set(labels.said.map(\.id)).count == 3)
    }

    @Test("A key pressed twice in a blink is no label")
    mutating func tooShort() {
        _ = press("1", 0)
        #expect(press("1", 0.05).isEmpty && labels.said.isEmpty)
    }

    @Test("What goes on is said again as it grows, under one id, and ends under it")
    mutating func growing() {
        _ = press("1", 0)
        #expect(labels.tick(now: Self.t + 2).isEmpty)
        let grown = labels.tick(now: Self.t + 6)
        #expect(grown.map(\.to) == [Self.t + 6] && labels.tick(now: Self.t + 7).isEmpty)
        let ended = press(" ", 9)
        #expect(ended.map(\.id) == grown.map(\.id) && ended.map(\.to) == [Self.t + 9])
    }

    @Test("Undo withdraws the last label, also one that goes on and was said already")
    mutating func undo() {
        _ = press("1", 0)
        let first = press("2", 10)
        _ = labels.tick(now: Self.t + 16)
        let withdrawn = press("u", 17)
        #expect(withdrawn.map(\.content) == [.withdrawn] && withdrawn.first?.id != first.first?.id)
        #expect(labels.current.isEmpty)
        #expect(press("u", 18).map(\.id) == first.map(\.id))
        #expect(press("u", 19).isEmpty && labels.said.isEmpty)
        // Started and not said yet: nothing to withdraw on the bus.
        _ = press("1", 20)
        #expect(press("u", 21).isEmpty && labels.current.isEmpty)
    }

    @Test("The windows that a label covers wholly are told, and how many of them train")
    mutating func windows() throws {
        _ = press("2", 10)
        for index in 0..<40 {
            let from = Self.t + Double(index) / 2
            labels.saw(from: from, to: from + 1, isTraining: index % 2 == 0)
        }
        // Also decided: the window is one.
        labels.saw(from: Self.t + 10, to: Self.t + 11, isTraining: false)
        _ = press(" ", 15)
        let wave = try #require(labels.said.first)
        let counts = labels.windows(of: wave)
        #expect(counts.covered == 9 && counts.training == 5)
        let rows = labels.table.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.last == ["2", "wave", "1", "5", "9", "5"])
    }

    @Test("Heads of a task have keys of their own and go on beside one another")
    func heads() throws {
        var task = Self.task
        task.kind = .multiHead
        task.heads = [
            .init(name: "valve", classes: [.init(name: "shut"), .init(name: "open")]),
            .init(name: "pump", classes: [.init(name: "off"), .init(name: "on")]),
        ]
        var labels = try LiveLabels(device: Self.device, task: task)
        _ = labels.press("1", now: Self.t)
        #expect(labels.press("4", now: Self.t + 5).isEmpty && labels.current.count == 2)
        #expect(labels.press("2", now: Self.t + 9).map(\.content) == [.heads(["valve": "shut"])])
        #expect(labels.stop(now: Self.t + 12).map(\.content) == [.heads(["pump": "on"]), .heads(["valve": "open"])])
    }

    @Test("A regression has no keys")
    func regression() {
        var task = Self.task
        task.kind = .regression
        #expect(throws: FleetConsoleError.self) { try LiveLabels(device: Self.device, task: task) }
    }
}
