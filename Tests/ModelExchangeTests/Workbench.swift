import Foundation

/// A folder for one test, and the programs that it runs there.
struct Workbench: ~Copyable {
    let folder: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "retort-exchange-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template) else { throw ToolFailure("no temporary folder can be made") }
        folder = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    /// Runs a command line in the folder and returns what it says.
    ///
    /// - Throws: where it fails, with all that it said.
    @discardableResult
    func run(_ command: String) async throws -> String {
        let folder = folder
        // Waiting on a thread of its own: other tests need those of Swift's pool.
        return try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try Self.wait(for: command, in: folder) }) }.start()
        }
    }

    private static func wait(for command: String, in folder: String) throws -> String {
        guard let pipe = popen("cd '\(folder)' && { \(command); } 2>&1", "r") else {
            throw ToolFailure("no shell can be started")
        }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            output += buffer[..<count]
        }
        let text = String(decoding: output, as: UTF8.self)
        guard pclose(pipe) == 0 else { throw ToolFailure("\(command): \(text)") }
        return text
    }

    /// Python with the packages that the tests need; `./dev test` makes it.
    static let python = ProcessInfo.processInfo.environment["RETORT_TEST_PYTHON"] ?? "python3"

    /// A file that stands beside the tests.
    static func fixture(_ name: String, file: String = #filePath) -> String {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)").path
    }
}

/// What a program said when it failed.
struct ToolFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
