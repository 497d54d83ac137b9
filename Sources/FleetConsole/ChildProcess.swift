import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A process that we started, its output in a file; it ends with us.
final class ChildProcess: Sendable {
    /// How a process ended, in words.
    struct Ending: Sendable, Equatable {
        let status: Int32
        let description: String
    }

    let name: String
    let log: FilePath
    let processIdentifier: pid_t
    private let task: Task<Ending, any Error>

    /// SIGTERM, this long, then SIGKILL.
    private static let patience: Duration = .seconds(10)

    /// Starts the process in a group of its own, so that Ctrl-C in a terminal reaches it through us, in order.
    ///
    /// - Throws: ``FleetConsoleError`` `.missingProgram` where it cannot be started.
    init(name: String, program: FilePath, arguments: [String], environment: [String: String], log: FilePath)
        async throws
    {
        let file = try FileDescriptor.open(
            log, .writeOnly, options: [.create, .append], permissions: [.ownerReadWrite, .groupRead, .otherRead])
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: Self.patience)]
        let updates = Dictionary(
            uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) })
        let guarded = Self.endingWithUs(program, arguments)
        let configuration = Configuration(
            executable: .path(guarded.program), arguments: Arguments(guarded.arguments),
            environment: .inherit.updating(updates), platformOptions: options)

        let started = AsyncStream.makeStream(of: pid_t.self)
        // Ends with the process; `stop()` cancels and awaits it.
        task = Task {
            defer { started.continuation.finish() }
            let result = try await Subprocess.run(
                configuration, input: .none, output: .fileDescriptor(file, closeAfterSpawningProcess: true),
                error: .fileDescriptor(file, closeAfterSpawningProcess: false)
            ) { execution in
                started.continuation.yield(execution.processIdentifier.value)
            }
            return switch result.terminationStatus {
            case .exited(let status): Ending(status: status, description: "ended with status \(status)")
            case .signaled(let signal): Ending(status: 128 + signal, description: "was ended by signal \(signal)")
            }
        }
        var pid: pid_t?
        for await identifier in started.stream {
            pid = identifier
            break
        }
        guard let pid else {
            // Where it is us who are cancelled, the process may well have started.
            task.cancel()
            let reason: String
            do { reason = try await task.value.description } catch { reason = "\(error)" }
            try Task.checkCancellation()
            throw FleetConsoleError(.missingProgram, "\(name) could not be started from \(program.string): \(reason)")
        }
        self.name = name
        self.log = log
        self.processIdentifier = pid
    }

    /// The command through a program that has the kernel end it with us, where there is one: nothing of ours runs any
    /// more when we are killed. The signal follows the thread that forks, which Subprocess keeps until exit.
    private static func endingWithUs(
        _ program: FilePath, _ arguments: [String]
    ) -> (program: FilePath, arguments: [String]) {
        let helper = "/usr/bin/setpriv"
        guard access(helper, X_OK) == 0 else { return (program, arguments) }
        return (FilePath(helper), ["--pdeathsig", "TERM", program.string] + arguments)
    }

    /// Waits until the process has ended.
    func ending() async -> Ending {
        do { return try await task.value } catch { return Ending(status: -1, description: "was lost: \(error)") }
    }

    /// Asks the process to end, insists after ten seconds, and returns when it is gone.
    func stop() async {
        task.cancel()
        _ = await ending()
    }

    /// The last lines it wrote.
    func lastLines(_ count: Int) -> [String] {
        guard let file = try? FileDescriptor.open(log, .readOnly) else { return [] }
        defer { try? file.close() }
        let limit = 16_384
        guard let size = try? file.seek(offset: 0, from: .end),
            (try? file.seek(offset: max(0, size - Int64(limit)), from: .start)) != nil
        else { return [] }
        var buffer = [UInt8](repeating: 0, count: limit)
        guard let read = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return [] }
        return String(decoding: buffer[..<read], as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
    }
}
