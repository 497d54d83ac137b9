import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// A real mosquitto on a free port of the loopback interface, for the time of a closure.
final class MosquittoBroker: Sendable {
    let port: Int
    let directory: String
    private let process = Mutex<Task<TerminationStatus, any Error>?>(nil)

    /// Runs the closure with a broker, which is gone afterwards whatever happens.
    ///
    /// - Parameter settings: further lines of mosquitto.conf; the broker is open to everyone on loopback otherwise.
    static func with<T: Sendable>(
        _ settings: [String] = ["allow_anonymous true"], _ body: (MosquittoBroker) async throws -> T
    ) async throws -> T {
        let broker = try await started(settings)
        do {
            let result = try await body(broker)
            await broker.stop()
            try FileManager.default.removeItem(atPath: broker.directory)
            return result
        } catch {
            await broker.stop()
            throw error
        }
    }

    private static func started(_ settings: [String]) async throws -> MosquittoBroker {
        // Somebody else may take a free port before the broker has it.
        for _ in 0..<4 {
            let broker = try MosquittoBroker(settings)
            do {
                try await broker.start()
                return broker
            } catch is PortTaken {
                continue
            }
        }
        throw FixtureError("four free ports were taken before mosquitto had them")
    }

    private struct PortTaken: Error {}

    private init(_ settings: [String]) throws {
        port = try LoopbackPort.free()
        directory = NSTemporaryDirectory() + "/retort-broker-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let lines =
            [
                "listener \(port) 127.0.0.1", "user root", "set_tcp_nodelay true", "persistence false",
                "log_type error",
                "max_queued_messages 20000", "max_inflight_messages 1000",
            ] + settings
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: file("mosquitto.conf"), atomically: true, encoding: .utf8)
    }

    /// A file in the broker's own folder.
    func file(_ name: String) -> String { directory + "/" + name }

    /// Starts the broker at its port; returns once it accepts connections.
    func start() async throws {
        let executable = try Self.executable()
        let log = try FileDescriptor.open(
            file("log"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let configuration = Configuration(
            executable: .path(FilePath(executable)), arguments: ["-c", file("mosquitto.conf")], platformOptions: options
        )
        let finished = Flag()
        let task = Task {
            defer { finished.raise() }
            return try await run(
                configuration, input: .none, output: .discarded,
                error: .fileDescriptor(log, closeAfterSpawningProcess: true)
            ).terminationStatus
        }
        process.withLock { $0 = task }
        let deadline = ContinuousClock.now + .seconds(10)
        while try !LoopbackPort.isOpen(port) {
            guard ContinuousClock.now < deadline, !finished.isRaised else {
                await stop()
                let text = try String(contentsOfFile: file("log"), encoding: .utf8)
                if text.contains("Address already in use") { throw PortTaken() }
                throw FixtureError("mosquitto does not start: \(text)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Stops the broker and waits until it is gone. Harmless where it does not run.
    func stop() async {
        let task = process.withLock { task in
            defer { task = nil }
            return task
        }
        task?.cancel()
        _ = await task?.result
    }

    private static func executable() throws -> String {
        let places = [
            "/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto",
        ]
        guard let found = places.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw FixtureError("mosquitto is not installed: sudo apt-get install mosquitto mosquitto-clients")
        }
        return found
    }
}

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isRaised: Bool { value.withLock { $0 } }
    func raise() { value.withLock { $0 = true } }
}
