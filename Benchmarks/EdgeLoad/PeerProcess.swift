import Subprocess
import SystemPackage
import Telemetry

/// The edge in Python, running.
struct PeerProcess {
    let subject: Subject
    private let task: Task<Void, any Error>

    static func start(python: String, program: String, broker: String) async throws -> PeerProcess {
        let configuration = Configuration(
            executable: .path(FilePath(python)), arguments: Arguments([program, broker, "peer"]))
        let started = AsyncStream.makeStream(of: Int32.self)
        // Ends with the process; `stop` awaits it.
        let task = Task {
            defer { started.continuation.finish() }
            _ = try await run(
                configuration, input: .none, output: .discarded,
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            ) { started.continuation.yield($0.processIdentifier.value) }
        }
        for await process in started.stream {
            return PeerProcess(
                subject: Subject(
                    name: "paho-mqtt and numpy", process: process, site: "peer",
                    status: .status(executable: "edge-peer", instance: "peer")), task: task)
        }
        try await task.value
        throw CancellationError()
    }

    func stop() async {
        task.cancel()
        _ = await task.result
    }
}
