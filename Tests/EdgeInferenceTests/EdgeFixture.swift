import BusAPI
import BusTesting
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import Telemetry
import Testing

@testable import EdgeInference

/// A clock that runs with the machine's and that a test can push forward.
final class TestClock: Sendable {
    static let start = 1_760_000_000.0
    private let origin = ContinuousClock.now
    private let ahead = Mutex(0.0)

    var now: Double {
        let passed = (ContinuousClock.now - origin).components
        return Self.start + Double(passed.seconds) + Double(passed.attoseconds) / 1e18 + ahead.withLock { $0 }
    }

    func advance(_ seconds: Double) { ahead.withLock { $0 += seconds } }
}

struct WaitError: Error, CustomStringConvertible {
    let description: String
}

/// A broker, a registry, sensors and everything an edge needs, all in this process.
final class EdgeFixture: Sendable {
    static let edge = EdgeID(site: "north", edge: "gw-north")

    let folder: TemporaryFolder
    let broker = InMemoryBroker()
    let bus: InMemoryBus
    let world: InMemoryBus
    let clock = TestClock()
    let topics = TopicSpace()
    let registry: TinyRegistry

    init() throws {
        folder = try TemporaryFolder()
        bus = broker.connect(Self.edge.edge)
        world = broker.connect("world")
        registry = try TinyRegistry(bus: world, now: { [clock] in clock.now })
    }

    func provisionRoot() throws { try folder.directory.replace("root.json", with: try registry.root()) }

    // MARK: The edge

    struct Running: Sendable {
        let app: EdgeInferenceApp
        let board: StatusBoard
    }

    static let quick = [
        "edge.update.needDelay": "0", "edge.update.needRetry": "0.08", "edge.upload.sampleShare": "0",
    ]

    func settings(_ overrides: [String: String] = [:]) throws -> EdgeSettings {
        var values = Self.quick.merging(overrides) { $1 }
        values["edge.rootFile"] = folder.directory.file("root.json")
        return try EdgeSettings(
            ServiceConfiguration(executable: "edge-inferencer", keys: EdgeInferenceApp.keys, values: values))
    }

    /// Runs an edge while `body` does its work, then shuts it down gracefully.
    func run(
        _ overrides: [String: String] = [:], bus: InMemoryBus? = nil, isKilled: Bool = false,
        disk: (any DiskWatcher)? = nil, _ body: (Running) async throws -> Void
    ) async throws {
        let board = StatusBoard()
        let context = ServiceContext(
            executable: "edge-inferencer", instance: Self.edge.edge, bus: bus ?? self.bus, topics: topics,
            logger: Logger(label: "edge", factory: { _ in SwiftLogNoOpLogHandler() }), board: board,
            now: { [clock] in clock.now }, stateDirectory: try folder.directory.folder("state").path, boot: "boot-1")
        let app = try EdgeInferenceApp(
            settings: try settings(overrides), context: context, unpack: EdgeInferenceApp.unpack, random: { 0 },
            watcher: disk)
        var configuration = ServiceGroupConfiguration(services: app.services, logger: context.logger)
        configuration.maximumGracefulShutdownDuration = .seconds(5)
        let group = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(Running(app: app, board: board))
            } catch {
                tasks.cancelAll()
                throw error
            }
            if isKilled { tasks.cancelAll() } else { await group.triggerGracefulShutdown() }
            while let result = await tasks.nextResult() {
                if case .failure(let error) = result, !isKilled { throw error }
            }
        }
    }

    // MARK: Sensors

    /// Publishes windows' worth of one level, a second of samples a message.
    ///
    /// - Parameters:
    ///   - second: of device time, from the start of the test's time.
    func telemetry(_ device: String, second: Int, level: Double, count: Int = 1) async throws {
        for offset in 0..<count {
            let message = TelemetryMessage(
                t: TestClock.start + Double(second + offset), interval: 0.1, channels: ["a", "b"],
                values: (0..<10).flatMap { _ in [Float(level), 0] })
            try await send(.telemetry(DeviceID(site: "north", device: device)), message.payload)
        }
    }

    func send(_ topic: Topic, _ payload: [UInt8], retained: Bool = false) async throws {
        try await world.publish(
            BusMessage(topic: topics.string(topic), payload: payload, qos: .atMostOnce, retained: retained))
    }

    // MARK: Waiting

    /// Waits until something holds; what brings it about is asynchronous, so it is looked at again and again.
    func wait(
        _ what: String, seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(2))
        }
        Issue.record("not in \(seconds) s: \(what)", sourceLocation: sourceLocation)
        throw WaitError(description: what)
    }

    func published<Message: MessagePayload>(_ type: Message.Type, _ pattern: String) throws -> [Message] {
        try broker.published(matching: "\(topics.root)/\(pattern)").filter { !$0.payload.isEmpty }
            .map { try Message(payload: $0.payload) }
    }

    var inferences: [InferenceMessage] {
        get throws { try published(InferenceMessage.self, "inference/#") }
    }

    var windows: [WindowMessage] {
        get throws { try published(WindowMessage.self, "window/#") }
    }

    var needs: [NeedMessage] {
        get throws { try published(NeedMessage.self, "model/+/need/#") }
    }

    var rejects: [RejectMessage] {
        get throws { try published(RejectMessage.self, "reject/#") }
    }

    /// Files of downloads that are not finished.
    var downloads: [String] {
        get throws { try folder.directory.folder("state/downloads").names() }
    }

    var downloadedBytes: Int {
        get throws {
            try downloads.reduce(0) { $0 + (try folder.read("state/downloads/\($1)")?.count ?? 0) }
        }
    }

    /// What is retained of the edge's installation.
    func installed(_ model: String = "level") throws -> InstalledMessage? {
        guard let message = broker.retained[topics.string(.installed(model: model, Self.edge))] else { return nil }
        return try InstalledMessage(payload: message.payload)
    }

    func waitForSubscription(_ running: Running) async throws {
        // A device that is heard proves that telemetry is subscribed to.
        try await wait("telemetry is heard") {
            try await send(
                .telemetry(DeviceID(site: "north", device: "probe")), Array(#"{"t":1760000000,"a":0,"b":0}"#.utf8))
            return (running.board.counters["received"] ?? 0) > 0
        }
    }

    func waitForRejection(_ code: String, on topic: String? = nil) async throws {
        try await wait("a rejection \(code)") {
            try rejects.contains { $0.code == code && (topic == nil || $0.topic == topic) }
        }
    }

    /// Provisions, signs the task, and lets the edge take it.
    func waitForTask(_ running: Running, _ task: TaskDocument = TinyStudent.task()) async throws {
        try await registry.release(task: task)
        try await registry.sign()
        try await wait("the task is accepted") { try installed(task.name) != nil }
        try await waitForSubscription(running)
    }

    /// Releases a student and gives the edge all it needs.
    @discardableResult
    func install(_ student: Student, version: Int, base: [UInt8]? = nil) async throws -> [UInt8] {
        let file = student.encode()
        registry.add(TinyRegistry.target(file, model: student.task.name, version: version))
        try await registry.sign()
        let frame = try await registry.offer(file, base: base, model: student.task.name, version: version)
        let edge = Self.edge
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [registry] in try await registry.answer(edge: edge, model: student.task.name) }
            try await wait("version \(version) runs by \(frame.offer.method)") {
                try installed(student.task.name)?.running == version
            }
            group.cancelAll()
        }
        return file
    }

    /// Plays a second of a sensor and waits for the decision on it.
    func decide() async throws {
        let count = try inferences.count
        try await telemetry("train-1", second: count, level: 1)
        try await wait("a decision") { try inferences.count > count }
    }

    // MARK: Updates

    /// Releases a file and offers it, as an update too where there is a base.
    func release(_ file: [UInt8], version: Int, base: [UInt8]?) async throws {
        registry.add(TinyRegistry.target(file, version: version))
        try await registry.sign()
        try await registry.offer(file, version: version)
        if let base { try await registry.offer(file, base: base, version: version, chunkSize: 48) }
    }

    func offer(version: Int, weight: Int8, base: [UInt8]?) async throws {
        try await release(try TinyStudent.student(weight: weight).encode(), version: version, base: base)
    }

    /// Answers the edge's needs for the time of a closure.
    func answering(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [registry] in try await registry.answer(edge: Self.edge) }
            try await body()
            group.cancelAll()
        }
    }
}
