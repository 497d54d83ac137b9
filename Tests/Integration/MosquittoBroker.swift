import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// A real broker on a free port of the loopback interface, for the time of a closure: mosquitto, unless another is asked for.
final class MosquittoBroker: Sendable {
    enum Software: String, Sendable { case mosquitto, nats = "nats-server" }

    let software: Software
    let port: Int
    let directory: String
    private let process = Mutex<Task<TerminationStatus, any Error>?>(nil)

    /// Runs the closure with a broker, which is gone afterwards whatever happens.
    ///
    /// - Parameter settings: further lines of the broker's file; it is open to everyone on loopback otherwise.
    static func with<T: Sendable>(
        _ settings: [String]? = nil, software: Software = .mosquitto, _ body: (MosquittoBroker) async throws -> T
    ) async throws -> T {
        let broker = try await started(settings, software)
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

    private static func started(_ settings: [String]?, _ software: Software) async throws -> MosquittoBroker {
        // Somebody else may take a free port before the broker has it.
        for _ in 0..<4 {
            let broker = try MosquittoBroker(settings, software)
            do {
                try await broker.start()
                return broker
            } catch is PortTaken {
                continue
            }
        }
        throw FixtureError("four free ports were taken before \(software.rawValue) had them")
    }

    private struct PortTaken: Error {}

    private init(_ settings: [String]?, _ software: Software) throws {
        self.software = software
        port = try LoopbackPort.free()
        directory = NSTemporaryDirectory() + "/retort-broker-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let lines: [String]
        switch software {
        case .mosquitto:
            lines =
                [
                    "listener \(port) 127.0.0.1", "user root", "set_tcp_nodelay true", "persistence false",
                    "log_type error", "max_queued_messages 20000", "max_inflight_messages 1000",
                ] + (settings ?? ["allow_anonymous true"])
        case .nats:
            // Its MQTT keeps retained messages and sessions in JetStream.
            lines =
                [
                    "server_name: test", "listen: 127.0.0.1:-1", "jetstream { store_dir: \"\(file("store"))\" }",
                    "mqtt { host: 127.0.0.1, port: \(port), max_ack_pending: 1000 }",
                ] + (settings ?? [])
        }
        try (lines.joined(separator: "\n") + "\n").write(
            toFile: file("broker.conf"), atomically: true, encoding: .utf8)
    }

    /// A file in the broker's own folder.
    func file(_ name: String) -> String { directory + "/" + name }

    /// Starts the broker at its port; returns once it accepts connections.
    func start() async throws {
        let executable = try software.executable()
        let log = try FileDescriptor.open(
            file("log"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let configuration = Configuration(
            executable: .path(FilePath(executable)), arguments: ["-c", file("broker.conf")], platformOptions: options
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
                if text.lowercased().contains("address already in use") { throw PortTaken() }
                throw FixtureError("\(software.rawValue) does not start: \(text)")
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
}

extension MosquittoBroker.Software {
    fileprivate func executable() throws -> String {
        let folders = [
            "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin",
        ]
        guard
            let found = folders.map({ "\($0)/\(rawValue)" }).first(where: FileManager.default.isExecutableFile(atPath:))
        else {
            throw FixtureError("\(rawValue) is not installed: ./dev test, or sudo apt-get install \(rawValue)")
        }
        return found
    }
}

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isRaised: Bool { value.withLock { $0 } }
    func raise() { value.withLock { $0 = true } }
}
