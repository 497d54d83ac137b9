import Foundation
import ModelArtifact
import Testing
import Zstd

@testable import Recordings

/// A folder that goes away with the last reference.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("retort-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

private func recording(_ labels: [String], rate: Int = 20, seconds: Int = 3) -> String {
    var text = "t,ax,ay,label\n"
    for (block, label) in labels.enumerated() {
        for k in 0..<rate * seconds {
            let t = Double(block * seconds) + Double(k) / Double(rate)
            text += "\(String(format: "%.3f", t)),\(k).5,-\(k),\(label)\n"
        }
    }
    return text
}

private func all(_ path: String) throws -> (times: [Double], labels: [String?], values: [Float]) {
    var reader = try RecordingReader(path: path)
    var result: (times: [Double], labels: [String?], values: [Float]) = ([], [], [])
    while let (t, label) = try reader.next(into: &result.values) {
        result.times.append(t)
        result.labels.append(label)
    }
    return result
}

@Suite("Recordings are read strictly")
struct RecordingReaderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("Plain and compressed files give the same samples")
    func forms() throws {
        let text = "t,ax,ay,label\n0.00,1.5,-2e1,walking\n0.05,,nan,\n0.10,+3,.5,jogging\n"
        var compressor = try ZstdCompressor(level: 3)
        let plain = try all(folder.write("a.csv", text))
        let packed = try all(folder.write("b.csv.zst", try compressor.compress(Array(text.utf8))))
        let windows = try all(folder.write("c.csv", "\u{FEFF}" + text.replacingOccurrences(of: "\n", with: "\r\n")))
        for result in [plain, packed, windows] {
            #expect(result.times == [0, 0.05, 0.1] && result.labels == ["walking", nil, "jogging"])
            #expect(result.values[0] == 1.5 && result.values[1] == -20)
            #expect(result.values[2].isNaN && result.values[3].isNaN && result.values[4...] == [3, 0.5])
        }
    }

    @Test("A last column of numbers to be predicted is read as such, and as a channel where it stands alone")
    func values() throws {
        let path = try folder.write("v.csv", "t,temp,value\n0,20.5,612\n1,20.5,\n2,21,613.5\n")
        #expect(try RecordingReader(path: path).labels == .value && RecordingReader(path: path).channels == ["temp"])
        #expect(try all(path).labels == ["612", nil, "613.5"])
        let alone = try folder.write("alone.csv", "t,value\n0,1\n1,2\n")
        #expect(try RecordingReader(path: alone).labels == nil && RecordingReader(path: alone).channels == ["value"])
        #expect(throws: RecordingError.self) { try all(folder.write("w.csv", "t,temp,value\n0,20,warm\n")) }
        let summary = try RecordingInspector.inspect(RecordingFolder(path: folder.path).selecting(names: ["v"]))
        let task = try summary.task(amongst: [])
        #expect(task.kind == .regression && task.target?.name == "value" && task.channels.map(\.name) == ["temp"])
    }

    @Test("Times may be ISO 8601, and labels left out")
    func iso() throws {
        let result = try all(folder.write("a.csv", "t,a\n2025-10-09T08:53:20Z,1\n2025-10-09T08:53:21.5Z,2"))
        #expect(result.times == [1_760_000_000, 1_760_000_001.5] && result.labels == [nil, nil])
    }

    @Test("Numbers are read as the nearest double")
    func numbers() {
        for text in [
            "0", "-0.5", "13.256", "1e-7", "123456789012345678", "0.1234567890123456789", "+2.5E3", "1.", ".5",
        ] {
            #expect(DecimalNumber.parse(Array(text.utf8)[...]) == Double(text.hasSuffix(".") ? text + "0" : text))
        }
        for text in ["", ".", "-", "inf", "0x10", "1,5", " 1", "1e999", "--1", "1e", "NaN", "1.2.3"] {
            #expect(DecimalNumber.parse(Array(text.utf8)[...]) == nil, "\(text)")
        }
    }

    @Test(
        "Each fault is told with file and line",
        arguments: [
            ("", nil, "empty"), ("x,a\n", 1, "first column"), ("t\n", 1, "channels"), ("t,label\n", 1, "channels"),
            ("t,a,a\n", 1, "twice"), ("t,a,,b\n", 1, "plain name"), ("t,\"a\n", 1, "quote"),
            ("t,a,label\n0,1,x\n0.1,1\n", 3, "fewer"), ("t,a,label\n0,1,x,9\n", 2, "4 fields"),
            ("t,a\n0,1,2\n", 2, "3 fields"), ("t,a\n0,x\n", 2, "\"x\" in a is no number"),
            ("t,a\nnever,1\n", 2, "seconds"), ("t,a\n1,1\n1,2\n", 3, "not after"), ("t,a\n0,1e39\n", 2, "no number"),
            ("t,a\n0,1\n\n1,2\n", 3, "empty"), ("t,a,label\n0,1,\"x\n", 2, "quote"),
        ] as [(String, Int?, String)])
    func faults(text: String, line: Int?, says: String) throws {
        let path = try folder.write("train-1.csv", text)
        let error = #expect(throws: RecordingError.self) { _ = try all(path) }
        #expect(error?.line == line)
        #expect(error?.description.hasPrefix(path) == true && error?.message.contains(says) == true, "\(error!)")
    }

    @Test("Damaged compression, endless lines and missing files are told")
    func unreadable() throws {
        var compressor = try ZstdCompressor(level: 3)
        let frame = try compressor.compress(Array(recording(["a", "b"]).utf8))
        let cut = try folder.write("a.csv.zst", Array(frame.dropLast(20)))
        #expect(throws: RecordingError.self) { _ = try all(cut) }
        let long = try folder.write("b.csv", "t,a\n0," + String(repeating: "1", count: 100_000))
        #expect(throws: RecordingError.self) { _ = try all(long) }
        let error = #expect(throws: RecordingError.self) { _ = try all(folder.path + "/none.csv") }
        #expect(error?.code == .unreadable)
    }
}

@Suite("A folder of recordings says which task it needs")
struct RecordingInspectorTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func fill() throws {
        try folder.write("train-1.csv", recording(["walking", "still"]))
        try folder.write("train-2.csv", recording(["still", "typing"]))
        try folder.write("test-3.csv", recording(["walking"]))
        try folder.write("README.md", "not a recording")
        try folder.write(".hidden.csv", "")
    }

    @Test("Recordings are listed by name, and a part may be selected")
    func listing() throws {
        try fill()
        let all = try RecordingFolder(path: folder.path)
        #expect(all.entries.map(\.name) == ["test-3", "train-1", "train-2"])
        #expect(all.entries.map(\.isEvaluation) == [true, false, false])
        #expect(try all.selecting(people: 1).entries.map(\.name) == ["train-1", "test-3"])
        #expect(try all.selecting(names: ["train-2"]).entries.map(\.name) == ["train-2"])
        #expect(throws: RecordingError.self) { _ = try all.selecting(names: ["train-9"]) }
        #expect(throws: RecordingError.self) { _ = try RecordingFolder(path: folder.path + "/none") }
    }

    @Test("Channels, rate, labels and length are found, and make a task")
    func inspect() throws {
        try fill()
        let summary = try RecordingInspector.inspect(RecordingFolder(path: folder.path))
        #expect(summary.channels == ["ax", "ay"] && summary.rate == 20 && summary.samples == 300)
        #expect(summary.labels == ["walking", "still", "typing"] && abs(summary.seconds - 6) < 1e-6)
        let task = try summary.task(amongst: [])
        #expect(task.window == 100 && task.step == 50 && task.rate == 20)
        #expect(task.classes.map(\.name) == summary.labels)
        #expect(task.devices == ["*/test-*", "*/train-*"] && task.evaluationDevices == ["*/test-*"])
        #expect(try TaskDocument(json: task.json) == task)
        #expect(summary.fits(task))
        #expect(try summary.task(amongst: [task]) == task)
    }

    @Test("A task of other channels, rate, classes or devices does not fit")
    func mismatch() throws {
        try fill()
        let summary = try RecordingInspector.inspect(RecordingFolder(path: folder.path))
        let task = try summary.task(amongst: [])
        var others = [task, task, task, task]
        others[0].channels[1].name = "az"
        others[1].rate = 25
        others[2].classes.removeLast()
        others[3].devices = ["*/wrist-*"]
        for other in others { #expect(!summary.fits(other)) }
        #expect(try summary.task(amongst: others) == task)
    }

    @Test("Recordings that disagree, or are too short, are refused")
    func disagree() throws {
        try folder.write("train-1.csv", recording(["a", "b"]))
        try folder.write("train-2.csv", recording(["a", "b"], rate: 25))
        let folder = try RecordingFolder(path: folder.path)
        #expect(throws: RecordingError.self) { _ = try RecordingInspector.inspect(folder) }
        try self.folder.write("train-2.csv", "t,ax,az,label\n0,1,1,a\n1,1,1,a\n")
        #expect(throws: RecordingError.self) { _ = try RecordingInspector.inspect(folder) }
        try self.folder.write("train-2.csv", "t,ax,ay,label\n0,1,1,a\n")
        #expect(throws: RecordingError.self) { _ = try RecordingInspector.inspect(folder) }
        try self.folder.write("train-2.csv", "t,ax,ay\n0,1,1\n0.05,1,1\n")
        let unlabelled = try RecordingInspector.inspect(folder.selecting(names: ["train-2"]))
        #expect(throws: RecordingError.self) { _ = try unlabelled.task(amongst: []) }
    }
}
