import BusAPI
import BusMosquitto
import FleetConsole
import Foundation
import JSON
import ModelArtifact
import ServiceRuntime
import Synchronization
import Telemetry
import Testing

/// A broker, the executables under test, and a witness of all they say; everything is gone after the closure.
final class ServiceStage: Sendable {
    static let topics = TopicSpace()

    /// How everybody on the stage reaches the broker.
    struct Way: Sendable, CustomTestStringConvertible {
        var software = MosquittoBroker.Software.mosquitto
        var version = BusConnectionOptions.ProtocolVersion.v5
        var root = TopicSpace.defaultRoot
        /// PEM file of the authority that the broker's certificate is from; plain text without it.
        var authority: String?

        var testDescription: String {
            "\(software.rawValue), MQTT \(version.rawValue), \(authority == nil ? "plain" : "TLS"), root \(root)"
        }
    }

    let topics: TopicSpace
    private let way: Way
    let broker: MosquittoBroker
    /// For state, logs, tasks and the root of trust.
    let folder: String
    /// Password of all accounts, where the broker wants one: the services' is `cloud`, an edge's is its site.
    private let password: String?
    private let bus: MosquittoBus
    private let heard = Mutex<[BusMessage]>([])
    private let processes = Mutex<[ServiceProcess]>([])

    static func with(
        _ settings: [String]? = nil, password: String? = nil, way: Way = Way(), foreign: [String] = [],
        _ body: (ServiceStage) async throws -> Void
    ) async throws {
        try await MosquittoBroker.with(settings, software: way.software) { broker in
            let stage = try ServiceStage(broker, password: password, way)
            let subscription = try await stage.bus.subscribe(
                to: ([way.root + "/#"] + foreign).map { BusFilter($0) }, limit: 100_000, overflow: .dropOldest)
            let listening = Task {
                for await batch in subscription { stage.heard.withLock { $0 += batch } }
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body(stage)) } catch { result = .failure(error) }
            for process in stage.processes.withLock({ $0 }) { await process.kill() }
            await stage.bus.close()
            await listening.value
            if case .failure(let error) = result {
                throw FixtureError("\(error)\n\(stage.processes.withLock { $0 }.map(\.lastWords).joined())")
            }
        }
    }

    private init(_ broker: MosquittoBroker, password: String?, _ way: Way) throws {
        self.way = way
        topics = TopicSpace(root: way.root)
        self.broker = broker
        self.password = password
        folder = broker.file("services")
        try FileManager.default.createDirectory(atPath: folder + "/tasks", withIntermediateDirectories: true)
        bus = try MosquittoBus(
            options: BusConnectionOptions(
                host: "127.0.0.1", port: broker.port, clientID: "witness", username: password.map { _ in "cloud" },
                password: password, tls: way.authority.map { .init(certificateAuthorities: $0) }, version: way.version),
            reconnect: ReconnectPolicy(first: .milliseconds(10), longest: .milliseconds(50)), logger: .quiet)
    }

    // MARK: Processes

    /// Starts an executable; returns once it says that it is online.
    ///
    /// - Parameter instance: also the name of its state, so that a process started again goes on where it was.
    @discardableResult
    func start(
        _ executable: String, _ instance: String, _ settings: [String: String] = [:],
        environment: [String: String] = [:]
    ) async throws -> ServiceProcess {
        let mark = heard.withLock { $0.count }
        var all = [
            "bus.url": "\(way.authority == nil ? "mqtt" : "mqtts")://127.0.0.1:\(broker.port)",
            "service.instance": instance, "service.state": "\(folder)/\(instance)",
            "bus.version": way.version.rawValue, "topics.root": way.root,
        ]
        all["bus.tls.authorities"] = way.authority
        if let password { all.merge(["bus.username": "cloud", "bus.password": password]) { $1 } }
        all.merge(settings) { $1 }
        let process = try await ServiceProcess(
            executable, arguments: all.sorted(by: <).flatMap { ["--set", "\($0)=\($1)"] },
            environment: environment, log: "\(folder)/\(instance).log")
        processes.withLock { $0.append(process) }
        let topic = Topic.serviceAvailability(executable: executable, instance: instance)
        _ = try await message(on: topic, "\(instance) is online", after: mark) { $0 == Array("online".utf8) }
        return process
    }

    func registry(_ more: [String: String] = [:]) async throws -> ServiceProcess {
        let task = folder + "/tasks/\(HandmadeStudent.model).json"
        try HandmadeStudent.task.json.text.write(toFile: task, atomically: true, encoding: .utf8)
        let settings = [
            "registry.tasks": folder + "/tasks", "registry.rootFile": rootFile, "registry.mergeSeconds": "0.05",
        ]
        return try await start("model-registry", "registry", settings.merging(more) { $1 })
    }

    func edge(
        _ instance: String, site: String, _ more: [String: String] = [:], environment: [String: String] = [:]
    ) async throws -> ServiceProcess {
        var settings = [
            "edge.site": site, "edge.rootFile": rootFile, "edge.update.needDelay": "0",
            "edge.update.needRetry": "0.5", "edge.upload.sampleShare": "0",
        ]
        if password != nil { settings["bus.username"] = site }
        settings.merge(more) { $1 }
        return try await start("edge-inferencer", instance, settings, environment: environment)
    }

    private var rootFile: String { folder + "/root.json" }

    /// Stops the broker, which keeps nothing, and starts it at the same port.
    func restartBroker() async throws {
        await broker.stop()
        for await state in bus.states() where state != .connected { break }
        try await broker.start()
        for await state in bus.states() where state == .connected { break }
    }

    // MARK: Messages

    func publish(_ topic: Topic, _ payload: [UInt8], retained: Bool = false) async throws {
        try await bus.publish(BusMessage(topic: topics.string(topic), payload: payload, retained: retained))
    }

    /// Publishes as somebody who knows nothing of us does.
    func publish(foreign topic: String, _ text: String, retained: Bool = false) async throws {
        try await publish(foreign: topic, Array(text.utf8), retained: retained)
    }

    func publish(foreign topic: String, _ payload: [UInt8], retained: Bool = false) async throws {
        try await bus.publish(BusMessage(topic: topic, payload: payload, retained: retained))
    }

    /// What the broker keeps on a filter now, as a newcomer finds it.
    func retained(_ pattern: String) async throws -> [BusMessage] {
        let probe = try MosquittoBus(
            options: BusConnectionOptions(
                host: "127.0.0.1", port: broker.port, clientID: "probe", username: password.map { _ in "cloud" },
                password: password, tls: way.authority.map { .init(certificateAuthorities: $0) }, version: way.version),
            logger: .quiet)
        let client = FleetClient(bus: probe, topics: topics, address: "the broker")
        let result: Result<[BusMessage], any Error>
        do { result = .success(try await client.retained([BusFilter(pattern)])) } catch { result = .failure(error) }
        await probe.close()
        return try result.get()
    }

    /// Everything heard so far.
    var messages: [BusMessage] { heard.withLock { $0 } }

    /// What was heard so far, to look only at what comes after.
    var mark: Int { heard.withLock { $0.count } }

    /// Waits for a message with a property; one that was heard after the mark counts.
    func message(
        on topic: Topic, _ what: String, after mark: Int = 0, seconds: Double = 30,
        where passes: ([UInt8]) throws -> Bool
    ) async throws -> [UInt8] {
        try await message(named: topics.string(topic), what, after: mark, seconds: seconds, where: passes)
    }

    /// Waits for a message on a topic of anybody's.
    func message(
        named name: String, _ what: String, after mark: Int = 0, seconds: Double = 30,
        where passes: ([UInt8]) throws -> Bool
    ) async throws -> [UInt8] {
        try await waiting(for: what, seconds: seconds) {
            let found = heard.withLock { $0[mark...].filter { $0.topic == name && !$0.payload.isEmpty } }
            return try found.last { try passes($0.payload) }?.payload
        }
    }

    /// Asks until the answer is there.
    func waiting<T>(for what: String, seconds: Double = 30, _ answer: () async throws -> T?) async throws -> T {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if let found = try await answer() { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw FixtureError("waited \(seconds) s for this, which did not come: \(what)")
    }

    // MARK: Students

    /// Offers a student as a distiller does, again and again until the registry answers.
    func offer(weight: Int8) async throws -> CandidateResult {
        let candidate = try HandmadeStudent.candidate(weight: weight, now: WallClock.now())
        let (model, digest) = (candidate.message.model, candidate.message.digest)
        let mark = mark
        for _ in 0..<60 {
            try await publish(.candidate(model: model, digest: digest), candidate.message.payload)
            for (index, chunk) in candidate.chunks.enumerated() {
                try await publish(.chunk(digest: candidate.message.content.frame, index: index), chunk)
            }
            do {
                let answer = try await message(
                    on: .candidateResult(model: model, digest: digest), "an answer", after: mark, seconds: 0.5
                ) { _ in true }
                return try CandidateResult(payload: answer)
            } catch is FixtureError { continue }
        }
        throw FixtureError("the registry does not answer the student of weight \(weight)")
    }

    /// Waits until an edge says that it runs a version.
    func running(_ version: Int, _ edge: EdgeID, after mark: Int = 0) async throws -> InstalledMessage {
        try InstalledMessage(
            payload: try await message(
                on: .installed(model: HandmadeStudent.model, edge), "version \(version) on \(edge)", after: mark
            ) {
                let report = try InstalledMessage(payload: $0)
                return report.state == .running && report.running == version
            })
    }

    /// Plays a sensor from a time on, two seconds a message, until an edge decides.
    func inference(_ device: DeviceID, second: Int) async throws -> InferenceMessage {
        let start = 1_760_000_000.0 + Double(second)
        let mark = mark
        for step in 0..<60 {
            let samples = TelemetryMessage(
                t: start + Double(step * 2), interval: 0.1, channels: ["a", "b"],
                values: (0..<20).flatMap { _ in [Float(1), 0] })
            try await publish(.telemetry(device), samples.payload)
            do {
                return try InferenceMessage(
                    payload: try await message(
                        on: .inference(device, model: HandmadeStudent.model), "a decision", after: mark, seconds: 0.5
                    ) { try InferenceMessage(payload: $0).from >= start })
            } catch is FixtureError { continue }
        }
        throw FixtureError("no edge decides on \(device)")
    }

    func status(
        _ executable: String, _ instance: String, _ what: String, after mark: Int = 0,
        where passes: (StatusMessage) -> Bool
    ) async throws -> StatusMessage {
        try StatusMessage(
            payload: try await message(on: .status(executable: executable, instance: instance), what, after: mark) {
                passes(try StatusMessage(payload: $0))
            })
    }
}

extension ServiceProcess {
    /// The end of its log, for a test that failed.
    fileprivate var lastWords: String {
        "--- \(name), process \(identifier)\n" + words.split(separator: "\n").suffix(8).joined(separator: "\n") + "\n"
    }
}
