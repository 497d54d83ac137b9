import Subprocess
import SystemPackage

struct ShellError: Error, CustomStringConvertible { let description: String }

/// Commands as a person would type them.
enum Shell {
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
        var succeeded: Bool { status == 0 }
    }

    /// Runs a command to its end; the caller's cancellation terminates it, gently first.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:],
        in folder: FilePath = Repository.root
    ) async throws -> Outcome {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(15))]
        let updates = Dictionary(
            uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) })
        let result = try await Subprocess.run(
            name.contains("/") ? .path(FilePath(name)) : .name(name), arguments: Arguments(arguments),
            environment: .inherit.updating(updates), workingDirectory: folder, platformOptions: options,
            output: .string(limit: 64 << 20), error: .string(limit: 64 << 20))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Outcome(status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// Asks until the answer is there.
    ///
    /// - Throws: ``ShellError`` after `limit`, naming what was waited for.
    static func waiting<T>(
        for what: String, limit: Duration, every interval: Duration = .milliseconds(200), _ probe: () async throws -> T?
    ) async throws -> T {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while clock.now < deadline {
            if let answer = try await probe() { return answer }
            try await Task.sleep(for: interval)
        }
        throw ShellError(description: "waited \(limit) for \(what), which did not come")
    }
}
