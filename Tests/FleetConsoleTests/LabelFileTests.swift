import Foundation
import ModelArtifact
import Telemetry
import Testing

@testable import FleetConsole

@Suite("Labels from files and words")
final class LabelFileTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("labels-\(UUID().uuidString).csv")

    deinit { try? FileManager.default.removeItem(at: path) }

    private func read(_ text: String) throws -> LabelFile {
        try Data(text.utf8).write(to: path)
        return try LabelFile(path: path.path, now: 1_770_000_000)
    }

    @Test("Classes, values and heads are read, and the same file names the same labels")
    func forms() throws {
        let text = """
            device,from,to,label
            home/hand,1760000000,1760000010.5,wave
            home/hand,2025-10-09T08:54:00Z,2025-10-09T08:55:00Z,"valve=73,pump=0"
            """
        let first = try read(text)
        #expect(first.labels.map(\.message.content) == [.label("wave"), .heads(["valve": "73", "pump": "0"])])
        #expect(first.labels[0].message.id == "hand-1760000000000" && first.labels[0].message.to == 1_760_000_010.5)
        #expect(try read(text).labels.map(\.message.id) == first.labels.map(\.message.id))
        let values = try read("to,from,device,value,id\n1760000010,1760000000,home/room,612.4,mine\n")
        #expect(values.labels[0].message.content == .value(612.4) && values.labels[0].message.id == "mine")
    }

    @Test(
        "A fault in any line refuses the file, with the line",
        arguments: [
            ("device,from,label\nhome/a,1,x\n", "no column \"to\""),
            ("device,from,to,label\nhome/a,1760000000,1760000010,x\nhand,1760000000,1760000010,x\n", ":3"),
            ("device,from,to,label\nhome/a,1760000010,1760000000,x\n", "--to must lie after"),
            ("device,from,to,label\nhome/a,soon,1760000000,x\n", "is no time"),
            ("device,from,to,value\nhome/a,1760000000,1760000010,warm\n", "number"),
            ("device,from,to,label\n", "no label follows"), ("", "empty"),
        ])
    func faults(_ text: String, _ words: String) throws {
        #expect {
            try read(text)
        } throws: { error in
            (error as? FleetConsoleError)?.message.contains(words) == true
        }
    }

    @Test("A class that no task of a device knows is told before anything is said")
    func complaint() throws {
        let task = TaskDocument(
            name: "gesture", channels: [.init(name: "ax", unit: "")], rate: 20, window: 20, step: 10,
            classes: [.init(name: "rest"), .init(name: "wave")])
        var rig = task
        rig.name = "rig"
        rig.kind = .multiHead
        rig.classes = []
        rig.heads = [
            .init(name: "valve", classes: [.init(name: "73"), .init(name: "100")]),
            .init(name: "pump", classes: [.init(name: "0"), .init(name: "1")]),
        ]
        func complaint(_ label: String) throws -> String? {
            try LabelDraft(device: "home/hand", label: label, last: 5, now: 1_760_000_000).complaint([task, rig])
        }
        #expect(try complaint("wave") == nil && complaint("valve=73") == nil && complaint("valve=100,pump=1") == nil)
        #expect(try complaint("wav")?.contains("rest, wave") == true)
        #expect(try complaint("valve=7")?.contains("73, 100") == true)
        #expect(try complaint("vent=7")?.contains("no head") == true)
        #expect(throws: FleetConsoleError.self) { try complaint("valve=") }
    }
}
