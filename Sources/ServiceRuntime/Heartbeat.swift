import JSON
public import ServiceLifecycle
public import SystemPackage

/// Rewrites a file as long as the process gets on, for `--check-health`.
public struct Heartbeat: Service {
    /// Seconds after which a heartbeat is stale.
    public static let limit = 15.0
    private static let interval: Duration = .seconds(3)

    private let file: FilePath
    private let now: @Sendable () -> Double

    public init(stateDirectory: FilePath, now: @escaping @Sendable () -> Double) {
        file = Self.file(stateDirectory)
        self.now = now
    }

    private static func file(_ stateDirectory: FilePath) -> FilePath { stateDirectory.appending("heartbeat") }

    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try beat()
                do { try await Task.sleep(for: Self.interval) } catch is CancellationError { break }
            }
        }
        // One that is stopping takes no more work.
        try StateDirectory.replace(file, with: [])
    }

    func beat() throws {
        try StateDirectory.replace(file, with: JSONValue.object(["t": JSONValue(now(), places: 3)]).bytes)
    }

    /// Why a process is not healthy, from its state directory; nothing where it is.
    public static func complaint(stateDirectory: FilePath, now: Double) -> String? {
        let file = file(stateDirectory)
        do {
            let bytes = try StateDirectory.read(file, limit: 1000)
            if bytes.isEmpty { return "it has stopped" }
            let reader = try JSONObjectReader(JSONValue(parsing: bytes))
            let age = now - (try reader.number("t"))
            return abs(age) <= limit ? nil : "its last sign of life is \(Int(age)) s old"
        } catch let error as Errno where error == .noSuchFileOrDirectory {
            return "it has not started: there is no \(file)"
        } catch {
            return "\(file): \(error)"
        }
    }
}
