import BusAPI
import BusTesting
import Foundation
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import Telemetry
import Zstd

@testable import CloudDistillation

/// A distiller on an in-memory broker, with a folder and a clock of its own.
struct DistillerHarness: Sendable {
    let broker: InMemoryBroker
    let context: ServiceContext
    let app: CloudDistillationApp
    let intake: IntakeService
    let clock: Clock
    let folder: String

    /// Stands still unless moved.
    final class Clock: Sendable {
        private let time = Mutex(TestTask.start)
        var now: Double { time.withLock { $0 } }
        func advance(by seconds: Double) { time.withLock { $0 += seconds } }
    }

    static func folder() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("distiller-\(UUID().uuidString)").path
    }

    /// - Parameter engine: nothing means the real one.
    init(
        engine: (any TrainingEngine)? = nil, folder: String = Self.folder(), broker: InMemoryBroker = InMemoryBroker(),
        instance: String = "cloud-1", settings: [String: String] = [:]
    ) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        self.folder = folder
        self.broker = broker
        let clock = Clock()
        self.clock = clock
        let topics = TopicSpace()
        let birth = BusMessage(
            topic: topics.string(.serviceAvailability(executable: "cloud-distiller", instance: instance)),
            text: "online", retained: true)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        context = ServiceContext(
            executable: "cloud-distiller", instance: instance, bus: broker.connect(instance, birth: birth),
            topics: topics, logger: logger, board: StatusBoard(), now: { clock.now }, stateDirectory: folder,
            boot: "b0")
        let configuration = try ServiceConfiguration(
            executable: "cloud-distiller", keys: CloudDistillationApp.keys, values: settings)
        if let engine {
            app = try await CloudDistillationApp(configuration: configuration, context: context, engine: engine)
        } else {
            app = try await CloudDistillationApp(configuration: configuration, context: context)
        }
        guard let intake = app.services.compactMap({ $0 as? IntakeService }).first else { throw HarnessError() }
        self.intake = intake
    }

    struct HarnessError: Error {}

    func remove() throws { try FileManager.default.removeItem(atPath: folder) }

    // MARK: What the bus would bring

    func take(_ message: some MessagePayload, on topic: Topic) async {
        await intake.take(BusMessage(topic: context.topics.string(topic), payload: message.payload))
    }

    func take(text: String, on topic: String) async {
        await intake.take(BusMessage(topic: context.topics.root + "/" + topic, text: text))
    }

    func take(task: TaskDocument) async {
        await intake.take(
            BusMessage(topic: context.topics.string(.task(model: task.name)), payload: task.json.bytes, retained: true))
    }

    func take(window: WindowMessage, device: DeviceID = TestTask.arm, model: String = "shake") async {
        await take(window, on: .window(device, model: model))
    }

    func take(label: LabelMessage, device: DeviceID = TestTask.arm) async {
        await take(label, on: .label(device))
    }

    /// Windows of both classes on several arms, labelled in two blocks a device.
    func fill(perClass: Int, devices: Int = 4) async {
        for index in 0..<devices {
            let device = DeviceID(site: "home", device: "arm-\(index + 1)")
            for (block, label) in ["still", "moving"].enumerated() {
                let offset = Double(block) * 10_000
                for window in 0..<perClass / devices {
                    await take(
                        window: TestTask.window(
                            offset + Double(window) * 8, values: TestTask.values(label, index * 1000 + window),
                            device: device), device: device)
                }
                await take(
                    label: TestTask.label("b-\(block)", offset, offset + 8000, .label(label)), device: device)
            }
        }
    }

    // MARK: What the bus got

    func published<Payload: MessagePayload>(_ type: Payload.Type, on pattern: String) throws -> [Payload] {
        try broker.published(matching: context.topics.root + "/" + pattern).filter { !$0.payload.isEmpty }
            .map { try Payload(payload: $0.payload) }
    }

    var rejects: [RejectMessage] {
        get throws { try published(RejectMessage.self, on: "reject/cloud-distiller") }
    }
}

// MARK: Jobs

extension DistillerHarness {
    func receive(_ message: some MessagePayload, on topic: Topic) async {
        await app.desk.receive(BusMessage(topic: context.topics.string(topic), payload: message.payload))
    }

    /// Requests a job and trains it.
    func work(_ request: JobRequest) async throws {
        await receive(request, on: .jobRequest)
        try await workNext()
    }

    /// Trains the job that is next.
    func workNext() async throws {
        var starts = app.desk.starts.makeAsyncIterator()
        guard let request = await starts.next() else { throw HarnessError() }
        await app.desk.work(request, stop: StopFlag())
    }

    /// Answers the candidate that was offered last, as a registry does.
    func answer(
        _ state: CandidateResult.State, version: Int? = nil, reason: String? = nil
    ) async throws -> String {
        guard let candidate = try published(CandidateMessage.self, on: "model/+/candidate/+").last else {
            throw HarnessError()
        }
        await receive(
            CandidateResult(t: clock.now, digest: candidate.digest, state: state, version: version, reason: reason),
            on: .candidateResult(model: candidate.model, digest: candidate.digest))
        return candidate.digest
    }

    /// Puts a candidate's chunks together as a registry does.
    func student(of candidate: CandidateMessage) throws -> Student {
        var frame: [UInt8] = []
        for (index, hash) in candidate.content.chunks.enumerated() {
            let topic = context.topics.string(.chunk(digest: candidate.content.frame, index: index))
            guard let chunk = broker.published(matching: topic).last, !chunk.retained,
                ContentDigest(of: chunk.payload).hex == hash
            else { throw HarnessError() }
            frame += chunk.payload
        }
        guard ContentDigest(of: frame).hex == candidate.content.frame, frame.count == candidate.content.bytes else {
            throw HarnessError()
        }
        var decompressor = try ZstdDecompressor()
        let bytes = try decompressor.decompress(frame, maximumBytes: 1 << 20)
        guard ContentDigest(of: bytes).hex == candidate.digest else { throw HarnessError() }
        return try Student(decoding: bytes)
    }

    /// All progress so far; ends the desk.
    func progress() async -> [JobProgress] {
        app.desk.finish()
        var all: [JobProgress] = []
        for await progress in app.desk.outbox { all.append(progress) }
        return all
    }

    func phases() async -> [JobProgress.Phase] { await progress().map(\.phase) }
}
