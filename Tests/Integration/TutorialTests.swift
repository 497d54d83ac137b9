import Foundation
import Subprocess
import SystemPackage
import Testing

/// What `docs/tutorial.md` tells people to type, typed by a test.
@Suite("The tutorial", .serialized)
final class TutorialTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private let folder = NSTemporaryDirectory() + "tutorial-\(UUID().uuidString)"

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The fenced blocks of shell commands, in order.
    private static func commands() throws -> [String] {
        let page = try String(contentsOf: repository.appendingPathComponent("docs/tutorial.md"), encoding: .utf8)
        return page.components(separatedBy: "\n```sh\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
    }

    @Test(
        "Every command of the tutorial works, and ends with a student that knows both gestures", .timeLimit(.minutes(4))
    )
    func tutorial() async throws {
        let commands = try Self.commands()
        try #require(commands.count >= 7)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Whatever happens, nothing stays behind: `timeout` ends the group, and so does the shell's own end.
        let script =
            "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\nset -e\n"
            + commands.joined(separator: "\n").replacing("18831", with: "\(try LoopbackPort.free())")
        try script.write(toFile: folder + "/commands.sh", atomically: true, encoding: .utf8)
        let path = ServiceProcess.programs.path + ":/usr/sbin:" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        let result = try await run(
            .name("timeout"), arguments: ["--kill-after=10", "200", "bash", "commands.sh"],
            environment: .inherit.updating(["PATH": path]), workingDirectory: FilePath(folder),
            output: .string(limit: 1 << 20), error: .combinedWithOutput)
        let text = result.standardOutput
        let log = (try? String(contentsOfFile: folder + "/up.log", encoding: .utf8)) ?? ""
        try #require(result.terminationStatus.isSuccess, "\(text)\n--- up.log\n\(log.suffix(3000))")
        #expect(text.contains("task gesture is signed and published"))
        #expect(text.contains("gesture: version 1 is released"))
        let decided = text.split(separator: "\n").filter { $0.hasPrefix("{") && $0.contains("\"decidedBy\"") }
        #expect(decided.count == 4, "\(text)")
        #expect(decided.prefix(2).allSatisfy { $0.contains("\"label\":\"wave\"") }, "\(text)")
        #expect(decided.suffix(2).allSatisfy { $0.contains("\"label\":\"circle\"") }, "\(text)")
        #expect(text.contains("t,ax,ay,az,label"), "\(text)")
    }
}
