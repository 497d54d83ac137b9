import ArgumentParser
import FleetConsole
import JSON
import ModelArtifact
import ModelDelta

/// Shows what an update would carry.
struct ModelsDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what moved between two model files, and what it takes in an update.",
        discussion: """
            One row for each tensor of the second file: elements, how many differ, the largest difference in steps (of the int8 \
            grid for weights, of the bits otherwise), and the bytes that it takes. Below: what the whole update takes by each \
            method; the smallest is sent.

              retort models diff deployed.safetensors out/student.safetensors

            Exit status: 0 done, 64 a file cannot be read.
            """)

    @Argument(help: "The file that is held.") var base: String
    @Argument(help: "The file that is wanted.") var target: String
    @Flag(help: "Write JSON.") var json = false

    func run() throws {
        let (old, new) = (try ModelFile.read(base), try ModelFile.read(target))
        let report: DeltaReport
        do { report = try DeltaReport(base: old, target: new) } catch {
            throw CommandFailure(.badData, "\(base), \(target): \(error)")
        }
        if json {
            print(Self.json(report, bytes: new.count).prettyText, terminator: "")
        } else {
            print(Self.text(report, bytes: new.count))
        }
    }

    private static func text(_ report: DeltaReport, bytes: Int) -> String {
        var table = TextTable([
            ("TENSOR", .left), ("TYPE", .left), ("ELEMENTS", .right), ("", .left), ("MOVED", .right),
            ("LARGEST", .right), ("BYTES", .right),
        ])
        for change in report.changes {
            table.append([
                change.name, change.element.rawValue, String(change.count), change.kind.rawValue,
                String(change.moved), change.kind == .moved ? String(change.largest) : "", String(change.bytes),
            ])
        }
        var lines = [table.text]
        if !report.removed.isEmpty {
            lines.append("removed: \(report.removed.map(TextTable.printable).joined(separator: ", "))")
        }
        let least = report.sizes.map(\.bytes).min() ?? 0
        let methods = report.sizes.map { "\($0.method.rawValue) \($0.bytes)\($0.bytes == least ? " (sent)" : "")" }
        return (lines + ["update: \(methods.joined(separator: ", ")) bytes; the file has \(bytes)"])
            .joined(separator: "\n")
    }

    private static func json(_ report: DeltaReport, bytes: Int) -> JSONValue {
        .object([
            "tensors": .array(
                report.changes.map { change in
                    .object([
                        "name": .string(change.name), "type": .string(change.element.rawValue),
                        "elements": .integer(Int64(change.count)), "change": .string(change.kind.rawValue),
                        "moved": .integer(Int64(change.moved)), "largest": .integer(Int64(clamping: change.largest)),
                        "bytes": .integer(Int64(change.bytes)),
                    ])
                }),
            "removed": .array(report.removed.map { .string($0) }),
            "update": .object(
                report.sizes.reduce(into: JSONObject()) { $0[$1.method.rawValue] = .integer(Int64($1.bytes)) }),
            "file": .integer(Int64(bytes)),
        ])
    }
}
