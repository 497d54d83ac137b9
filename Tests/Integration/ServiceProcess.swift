import Foundation
import Subprocess
import SystemPackage

/// One of our executables, or another program, running. What it logs stands in a file.
final class ServiceProcess: Sendable {
    let name: String
    let log: String
    let identifier: pid_t
    private let task: Task<TerminationStatus, any Error>

    /// The folder that the executables under test were built into, together with the tests.
    static let programs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".build/release")

    /// - Parameter executable: the name of one of ours, or the path of any other program.
    init(
        _ executable: String, arguments: [String], environment: [String: String] = [:], log: String
    ) async throws {
        let program =
            executable.contains("/") ? executable : Self.programs.appendingPathComponent(executable).path
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw FixtureError("\(program) is missing: swift build -c release")
        }
        let file = try FileDescriptor.open(
            log, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        let configuration = Configuration(
            executable: .path(FilePath(program)), arguments: Arguments(arguments),
            environment: .inherit.updating(
                Dictionary(
                    uniqueKeysWithValues: environment.map {
                        (Environment.Key(stringLiteral: $0.key), Optional($0.value))
                    })))
        let started = AsyncStream.makeStream(of: pid_t.self)
        // Ends with the process; `kill` and `terminate` await it.
        task = Task {
            defer { started.continuation.finish() }
            return try await run(
                configuration, input: .none, output: .discarded,
                error: .fileDescriptor(file, closeAfterSpawningProcess: true)
            ) { execution in
                started.continuation.yield(execution.processIdentifier.value)
            }.terminationStatus
        }
        var found: pid_t?
        for await identifier in started.stream {
            found = identifier
            break
        }
        guard let found else {
            _ = try await task.value
            throw FixtureError("\(executable) did not start")
        }
        (name, self.log, identifier) = (executable, log, found)
    }

    /// Ends the process as a power cut would, and returns when it is gone.
    func kill() async {
        _ = Foundation.kill(identifier, SIGKILL)
        _ = await task.result
    }

    /// Asks the process to end, as a service manager does.
    ///
    /// - Returns: how it ended, and how long that took.
    func terminate() async throws -> (status: TerminationStatus, duration: Duration) {
        let start = ContinuousClock.now
        _ = Foundation.kill(identifier, SIGTERM)
        let status = try await task.value
        return (status, ContinuousClock.now - start)
    }

    /// Waits until it ends by itself.
    func ended() async throws -> TerminationStatus { try await task.value }

    /// What it has logged.
    var words: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }
}
