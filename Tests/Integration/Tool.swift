import Subprocess
import SystemPackage

/// Programs that fixtures run to their end.
enum Tool {
    /// Runs a program; fails where it is missing or says no.
    static func run(_ name: String, _ arguments: [String], package: String) async throws {
        let result: ExecutionResult<Void, StringOutput<UTF8>, CombinedErrorOutput>
        do {
            result = try await Subprocess.run(
                name.contains("/") ? .path(FilePath(name)) : .name(name), arguments: Arguments(arguments),
                output: .string(limit: 65_536), error: .combinedWithOutput
            )
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw FixtureError("\(name) is not installed: sudo apt-get install \(package)")
        }
        guard result.terminationStatus.isSuccess else {
            throw FixtureError("\(name) \(arguments.joined(separator: " ")): \(result.standardOutput)")
        }
    }
}
