import Subprocess
import SystemPackage

/// A peer written in Python, running.
package struct PeerProcess: Sendable {
    package let identifier: Int32
    private let task: Task<Void, any Error>

    package static func start(python: String, program: String, arguments: [String]) async throws -> PeerProcess {
        let configuration = Configuration(
            executable: .path(FilePath(python)), arguments: Arguments([program] + arguments))
        let started = AsyncStream.makeStream(of: Int32.self)
        // Ends with the process; `stop` awaits it.
        let task = Task {
            defer { started.continuation.finish() }
            _ = try await run(
                configuration, input: .none, output: .discarded,
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            ) { started.continuation.yield($0.processIdentifier.value) }
        }
        for await process in started.stream { return PeerProcess(identifier: process, task: task) }
        try await task.value
        throw CancellationError()
    }

    package func stop() async {
        task.cancel()
        _ = await task.result
    }
}
