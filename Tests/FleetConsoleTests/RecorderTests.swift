import BusAPI
import Foundation
import ModelArtifact
import Recordings
import Telemetry
import Testing

@testable import FleetConsole

/// What is recorded is read back by what reads recordings.
@Suite("A fleet is recorded")
final class RecorderTests {
    private static let t = 1_760_000_000.0
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("recorder-\(UUID().uuidString)").path
    private let topics = TopicSpace()
    private var recorder = FleetRecorder(.init(), topics: TopicSpace())
    private let hand = DeviceID(site: "home", device: "hand")

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func take(_ topic: Topic, _ payload: [UInt8]) {
        recorder.take(BusMessage(topic: topics.string(topic), payload: payload), now: Self.t)
    }

    /// Seconds of samples at ten a second.
    private func samples(_ device: DeviceID, _ seconds: Range<Int>) {
        for second in seconds {
            take(
                .telemetry(device),
                TelemetryMessage(
                    t: Self.t + Double(second), interval: 0.1, channels: ["value", "ay"],
                    values: (0..<10).flatMap { [Float(second), Float($0) + 0.5] }
                ).payload)
        }
    }

    private func say(
        _ id: String, _ from: Double, _ to: Double, _ content: LabelMessage.Content, isTruth: Bool = false,
        t: Double = 0
    ) {
        let label = LabelMessage(
            t: Self.t + 100 + t, id: id, from: Self.t + from, to: Self.t + to, content: content)
        take(isTruth ? .truth(hand) : .label(hand), label.payload)
    }

    private func write() throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/inferences", withIntermediateDirectories: true)
        for file in recorder.files {
            try file.text.write(toFile: "\(folder)/\(file.path)", atomically: true, encoding: .utf8)
        }
    }

    private func rows(_ path: String) throws -> [(t: Double, label: String?, values: [Float])] {
        var reader = try RecordingReader(path: path)
        var rows: [(t: Double, label: String?, values: [Float])] = []
        var values: [Float] = []
        while let (t, label) = try reader.next(into: &values) {
            rows.append((t, label, values))
            values = []
        }
        return rows
    }

    @Test("Samples, labels and inferences come back as they were, by recording and by readings")
    func roundTrip() throws {
        samples(hand, 0..<6)
        // The same second again, as a resent message, is one.
        samples(hand, 3..<4)
        say("a", 0, 2, .label("at rest, sort of"))
        say("b", 2, 5, .label("waving"))
        say("b", 2, 4, .label("wave"), t: 1)
        say("c", 4, 6, .label("circle"))
        say("c", 4, 6, .withdrawn, t: 1)
        take(
            .inference(hand, model: "gesture"),
            InferenceMessage(
                t: Self.t, window: "hand@1760000000.000", from: Self.t, to: Self.t + 1, edge: "gw", version: 1,
                decision: .label("wave", superclass: nil, confidence: 0.75), latencyMicroseconds: 8
            ).payload)
        try write()
        let counts = recorder.counts
        #expect(counts.devices == 1 && counts.samples == 60 && counts.labels == 2 && counts.inferences == 1)

        let back = try rows(folder + "/hand.csv")
        #expect(back.count == 60 && back.first?.t == Self.t && back[1].t == Self.t + 0.1)
        #expect(back[0].label == "at rest, sort of" && back[25].label == "wave" && back[45].label == nil)
        #expect(back[35].values == [3, 5.5])
        let table = try ReadingsLoader.load([folder], layout: ReadingsLayout(labels: ["label"]))
        #expect(table.count == 60 && table.channels == ["value", "ay"] && table.rate == 10)
        let decisions = try String(contentsOfFile: folder + "/inferences/hand.csv", encoding: .utf8)
        #expect(decisions.contains("1760000000,1760000001,gesture,1,0,edge,,wave,0.75,,,,8.0"))
    }

    @Test("Numbers to be predicted stand in a column of their own, for scoring alone in a file of its own")
    func values() throws {
        samples(hand, 0..<2)
        for index in 0..<20 { say("v\(index)", Double(index) / 10, Double(index + 1) / 10, .value(Double(index))) }
        say("t", 5, 6, .value(3), isTruth: true)
        try write()
        let path = folder + "/test-hand.csv"
        #expect(try RecordingReader(path: path).labels == .value)
        let back = try rows(path)
        #expect(back.map(\.label) == (0..<20).map { "\($0).0" })
        #expect(back[0].values == [0, 0.5])
    }

    @Test("Each head has a column")
    func heads() throws {
        samples(hand, 0..<2)
        say("a", 0, 2, .heads(["valve": "open", "pump": "on"]))
        say("b", 1, 2, .heads(["pump": "off"]), t: 1)
        try write()
        let table = try ReadingsLoader.load([folder], layout: ReadingsLayout(labels: ["pump", "valve"]))
        #expect(table.channels == ["value", "ay"])
        #expect(table.labels.map { Set($0.values) } == [["on", "off"], ["open"]])
    }

    @Test("Devices that were not asked for, and channels that the task has not, are left out; the bound holds")
    func selection() throws {
        let task = TaskDocument(
            name: "gesture", channels: [.init(name: "ay", unit: "")], rate: 10, window: 10, step: 5,
            classes: [.init(name: "a"), .init(name: "b")], devices: ["home/*"])
        recorder = FleetRecorder(.init(devices: ["*/h*"], task: task, bytes: 1500), topics: topics)
        samples(hand, 0..<1)
        samples(DeviceID(site: "home", device: "foot"), 0..<1)
        samples(DeviceID(site: "away", device: "hand"), 0..<1)
        #expect(recorder.counts.devices == 1 && recorder.tracks[hand]?.channels == ["ay"] && !recorder.isFull)
        samples(hand, 1..<20)
        #expect(recorder.isFull && recorder.counts.samples <= 60)
    }
}
