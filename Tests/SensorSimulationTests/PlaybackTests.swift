import Foundation
import Testing

@testable import Recordings
@testable import SensorSimulation
@testable import Telemetry

/// A folder that goes away with the last reference.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("retort-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

/// A recording whose value tells its row: blocks of labels, each `seconds` long, at 20 Hz.
func recording(_ labels: [String], seconds: Int, from: Double = 0) -> String {
    var text = "t,ax,ay,label\n"
    for k in 0..<labels.count * seconds * 20 {
        text += "\(String(format: "%.2f", from + Double(k) / 20)),\(k),\(k).5,\(labels[k / (seconds * 20)])\n"
    }
    return text
}

private let start = 1_760_000_040.0

private func device(_ name: String, isEvaluation: Bool = false) -> SimulatedDevice {
    SimulatedDevice(
        id: DeviceID(site: "north", device: name), origin: .recording(path: name), isEvaluation: isEvaluation)
}

extension [SimulatedMessage] {
    var telemetry: [TelemetryMessage] {
        compactMap { if case .telemetry(_, let message) = $0 { message } else { nil } }
    }
    var labels: [LabelMessage] { compactMap { if case .label(_, let message, _) = $0 { message } else { nil } } }
}

@Suite("Recordings are played back")
struct PlaybackTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func player(
        _ text: String, name: String = "train-1", isEvaluation: Bool = false, batchSeconds: Double = 1,
        faults: FaultInjector? = nil, drift: Double = 0
    ) throws -> DevicePlayer {
        let path = try folder.write("\(name).csv", text)
        let source = try RecordedSource(path: path, name: name, seed: 1, drift: drift)
        return try DevicePlayer(
            device: device(name, isEvaluation: isEvaluation), source: source, start: start,
            batchSeconds: batchSeconds, faults: faults)
    }

    @Test("Numbers to be predicted are said as values, one for each stretch of equal ones")
    func values() throws {
        var text = "t,ax,ay,value\n"
        for k in 0..<40 { text += "\(Double(k) / 20),\(k),1,\(600 + k / 10)\n" }
        var player = try player(text)
        var messages: [SimulatedMessage] = []
        try player.play(to: start + 2, into: &messages)
        #expect(messages.labels.map(\.content) == [.value(600), .value(601), .value(602), .value(603)])
        #expect(messages.labels.first?.to == start + 0.5)
    }

    @Test("A message carries a second of samples and leaves once its last sample has been taken")
    func batches() throws {
        var player = try player(recording(["walking"], seconds: 60))
        var messages: [SimulatedMessage] = []
        try player.play(to: start + 0.94, into: &messages)
        #expect(messages.isEmpty)
        try player.play(to: start + 0.95, into: &messages)
        #expect(messages.count == 1)
        try player.play(to: start + 10, into: &messages)
        let telemetry = messages.telemetry
        #expect(telemetry.count == 10 && messages.labels.isEmpty)
        for (index, message) in telemetry.enumerated() {
            #expect(message.t == start + Double(index) && message.rows == 20 && message.interval == 0.05)
            #expect(message.sequence == index && message.channels == ["ax", "ay"])
            #expect(message.values[0] == Float(index * 20) && message.values[39] == Float(index * 20 + 19) + 0.5)
        }
    }

    @Test("Labels cover their blocks exactly, when the block ends")
    func labels() throws {
        var player = try player(recording(["walking", "jogging"], seconds: 60))
        var messages: [SimulatedMessage] = []
        try player.play(to: start + 59.9, into: &messages)
        #expect(messages.labels.isEmpty)
        try player.play(to: start + 59.95, into: &messages)
        let label = try #require(messages.labels.first)
        #expect(label.from == start && abs(label.to - start - 60) < 1e-6 && label.content == .label("walking"))
        #expect(label.id == "train-1-1760000040000" && label.t == label.to)
        try player.play(to: start + 119.95, into: &messages)
        #expect(messages.labels.last?.content == .label("jogging") && player.passes == 1)
    }

    @Test("Recordings start over with times moved by whole minutes, and the windows cut are the same")
    func loops() throws {
        // 70 s: the second pass begins at 120 s.
        var player = try player(recording(["walking", "jogging"], seconds: 35, from: 1_600_000_020))
        var messages: [SimulatedMessage] = []
        try player.play(to: start + 350, into: &messages)
        #expect(player.passes == 3)
        let starts = messages.telemetry.compactMap(\.t).map { $0 - start }
        #expect(starts.prefix(70) == (0..<70).map(Double.init)[...])
        #expect(starts[70] == 120 && starts[140] == 240)
        #expect(messages.labels.map { $0.from - start } == [0, 35, 120, 155, 240, 275])

        var cutter = WindowCutter(grid: WindowGrid(channels: ["ax", "ay"], rate: 20, window: 100, step: 50))
        var windows: [SampleWindow] = []
        for message in messages.telemetry { windows += try cutter.append(message.batch(arrival: 0)) }
        let passes = (0..<3).map { pass in
            windows.filter { Int($0.from - start) / 120 == pass }.map(\.values)
        }
        #expect(passes[0].count == 27 && passes[0] == passes[1] && passes[1] == passes[2])
        #expect(cutter.statistics.conflicts == 0 && cutter.statistics.duplicates == 0)
    }

    @Test("Gaps in a recording end a message, long ones the label too")
    func gaps() throws {
        var text = "t,ax,label\n"
        for k in Array(0..<30) + Array(40..<60) + Array(300..<330) { text += "\(Double(k) / 20),\(k),still\n" }
        var player = try player(text)
        var messages: [SimulatedMessage] = []
        try player.play(to: start + 17, into: &messages)
        let telemetry = messages.telemetry
        #expect(telemetry.map(\.rows) == [20, 10, 20, 20, 10])
        #expect(telemetry.compactMap(\.t).map { (($0 - start) * 20).rounded() } == [0, 20, 40, 300, 320])
        #expect(messages.labels.map { (($0.to - $0.from) * 20).rounded() } == [60, 30])
    }

    @Test("Labels of test devices are for scoring alone; samples without a label get none")
    func truth() throws {
        var player = try player("t,a,label\n0,1,\n1,1,x\n2,1,x\n3,1,\n", name: "test-1", isEvaluation: true)
        var messages: [SimulatedMessage] = []
        try player.play(to: start + 3, into: &messages)
        let labels = messages.filter { if case .label = $0 { true } else { false } }
        #expect(labels.count == 1)
        guard case .label(_, let label, let forScoring) = labels[0] else { return }
        #expect(forScoring && label.from == start + 1 && label.to == start + 3)
    }

    @Test("At the end, what was gathered is sent and the block in progress is labelled so far")
    func drain() throws {
        var player = try player(recording(["walking"], seconds: 60))
        var messages: [SimulatedMessage] = []
        try player.play(to: start + 2.5, into: &messages)
        player.finish(into: &messages)
        #expect(messages.telemetry.map(\.rows) == [20, 20, 11])
        #expect(messages.labels.map(\.to) == [start + 2.55])
        player.finish(into: &messages)
        #expect(messages.count == 4)
    }

    @Test("A fault in a recording stops playback with file and line")
    func fault() throws {
        var text = recording(["walking"], seconds: 10)
        text += "10.00,x,1,walking\n"
        var player = try player(text)
        var messages: [SimulatedMessage] = []
        let error = #expect(throws: RecordingError.self) { try player.play(to: start + 20, into: &messages) }
        #expect(error?.line == 202 && error?.file.hasSuffix("train-1.csv") == true)
    }

    @Test("Drift changes a channel's sensitivity with time, and only then")
    func drift() throws {
        var still = try player(recording(["walking"], seconds: 60))
        var drifting = try player(recording(["walking"], seconds: 60), drift: 1)
        var first: [SimulatedMessage] = []
        var second: [SimulatedMessage] = []
        try still.play(to: start + 1860, into: &first)
        try drifting.play(to: start + 1860, into: &second)
        #expect(first.telemetry.first?.values.prefix(2) == second.telemetry.first?.values.prefix(2))
        let last = (first.telemetry.last?.values.last ?? 0, second.telemetry.last?.values.last ?? 0)
        #expect(abs(last.0 - last.1) > 0.01 * last.0 && abs(last.0 - last.1) < 0.6 * last.0)
    }
}

@Suite("The playback clock")
struct PlaybackClockTests {
    @Test("Uneven calls add up to the exact device time")
    func exact() {
        var clock = PlaybackClock(start: start, speed: 20, now: 5)
        var now = 5.0
        var random = SeededGenerator(seed: 3)
        for _ in 0..<10_000 {
            now += random.uniform(0.001, 0.2)
            _ = clock.advance(to: now)
        }
        #expect(abs(clock.deviceTime - start - (now - 5) * 20) < 1e-3 && clock.leftOut == 0)
    }

    @Test("A standstill is not made good in a burst, and a clock that steps back does no harm")
    func standstill() {
        var clock = PlaybackClock(start: start, speed: 20, now: 0)
        #expect(clock.advance(to: 0.5) == start + 10)
        #expect(clock.advance(to: 100) == start + 30)
        #expect(clock.leftOut == 98.5)
        #expect(clock.advance(to: 50) == start + 30)
        #expect(clock.advance(to: 100.5) == start + 40)
    }
}

@Suite("Faults")
struct FaultTests {
    private func play(_ faults: FaultRates, seed: Int = 1) -> [TelemetryMessage] {
        var injector = FaultInjector(rates: faults, device: "wrist-1", seed: seed)
        var messages: [SimulatedMessage] = []
        let id = DeviceID(site: "north", device: "wrist-1")
        for k in 0..<600 {
            let values = (0..<40).map { Float(k * 40 + $0) }
            injector.pass(
                TelemetryMessage(
                    t: start + Double(k), interval: 0.05, sequence: k, channels: ["a", "b"], values: values),
                id, into: &messages)
        }
        injector.flush(into: &messages, id)
        return messages.telemetry
    }

    @Test("Each fault does what it says, about as often as it says")
    func kinds() {
        let all = Array(0..<600)
        #expect(play(FaultRates()).compactMap(\.sequence) == all)

        let gaps = play(FaultRates([.gaps: 2])).compactMap(\.sequence)
        #expect((450..<590).contains(gaps.count) && gaps == gaps.sorted())

        let disorder = play(FaultRates([.disorder: 6])).compactMap(\.sequence)
        #expect(disorder != all && disorder.sorted() == all)
        #expect(zip(disorder, all).allSatisfy { abs($0 - $1) <= 1 })

        let twice = play(FaultRates([.duplicates: 6])).compactMap(\.sequence)
        #expect((620..<720).contains(twice.count) && Set(twice).count == 600)

        let spikes = play(FaultRates([.spikes: 6]))
        let odd = spikes.enumerated().reduce(0) { sum, message in
            sum + message.element.values.enumerated().count { $0.element != Float(message.offset * 40 + $0.offset) }
        }
        #expect((20..<110).contains(odd))

        let missing = play(FaultRates([.missing: 6])).reduce(0) { $0 + $1.values.count { $0.isNaN } }
        #expect((60..<900).contains(missing))

        let stuck = play(FaultRates([.stuck: 1])).count { message in
            (0..<2).contains { channel in
                Set(stride(from: channel, to: 40, by: 2).map { message.values[$0] }).count == 1
            }
        }
        #expect((30..<400).contains(stuck))
    }

    @Test("The same seed gives the same faults, another seed others")
    func seeds() {
        let rates = FaultRates([.gaps: 1, .disorder: 3, .duplicates: 3])
        #expect(play(rates) == play(rates))
        #expect(play(rates).map(\.sequence) != play(rates, seed: 2).map(\.sequence))
    }

    @Test("Faults are read from words, and other words are refused")
    func words() {
        #expect(FaultRates(words: ["gaps", "spikes=2.5"])?.perMinute == [.gaps: 0.1, .spikes: 2.5])
        #expect(FaultRates(words: ["none"])?.perMinute.isEmpty == true)
        for word in ["gremlins", "gaps=", "gaps=x", "gaps=-1", "gaps=61", "gaps=1=2", "=1"] {
            #expect(FaultRates(words: [word]) == nil, "\(word)")
        }
    }
}

@Suite("Time that was told is not told again")
struct TimeReservationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("A simulator that was killed goes on after what it had reserved, one that ended after what it played")
    func restart() throws {
        var first = try TimeReservation(stateDirectory: folder.path, speed: 20)
        #expect(first.start(now: start + 1) == start + 60)
        #expect(first.start(now: start) == start)
        var time = start
        while time < start + 5000 {
            try first.cover(time)
            time += 50
        }
        var second = try TimeReservation(stateDirectory: folder.path, speed: 20)
        #expect(second.start(now: start + 10) >= time - 50 && second.start(now: start) < time + 3000)
        try second.release(after: start + 130)
        #expect(try TimeReservation(stateDirectory: folder.path, speed: 20).start(now: start) == start + 180)
    }

    @Test("A damaged file is told, not ignored", arguments: ["", "{}", "{\"until\":3}", "{\"until\":\"x\"}"])
    func damaged(text: String) throws {
        try folder.write("time.json", text)
        #expect(throws: (any Error).self) { _ = try TimeReservation(stateDirectory: folder.path, speed: 1) }
    }
}
