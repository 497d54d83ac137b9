import BusAPI
import BusTesting
import JSON
import Logging
import ModelArtifact
import ModelRegistry
import ReleaseTrust
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import Telemetry
import Zstd

/// A registry on an in-memory broker, with a peer that speaks for distillers and edges.
final class RegistryHarness: Sendable {
    let broker: InMemoryBroker
    let bus: InMemoryBus
    let peer: InMemoryBus
    let folder: TestFolder
    let board = StatusBoard()
    let app: RegistryApp
    let listener: Listener
    let clock: TestClock
    private let context: ServiceContext
    private let running: Task<Void, any Error>

    /// A time that a test sets.
    final class TestClock: Sendable {
        private let value: Mutex<Double>
        init(_ value: Double) { self.value = Mutex(value) }
        var now: Double { value.withLock { $0 } }
        func advance(by seconds: Double) { value.withLock { $0 += seconds } }
    }

    init(
        folder: TestFolder? = nil, broker: InMemoryBroker = InMemoryBroker(),
        clock: TestClock = TestClock(1_800_000_000),
        values: [String: String] = [:]
    ) async throws {
        let folder = try folder ?? TestFolder()
        self.folder = folder
        self.broker = broker
        self.clock = clock
        bus = broker.connect("registry")
        peer = broker.connect("peer")
        listener = try await Listener(peer)
        let watched = WatchedBus(bus)
        context = Self.makeContext(folder: folder, bus: watched, board: board, clock: clock)
        app = try await Self.makeApp(context, values: values)
        running = Task { [services = app.services] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for service in services { group.addTask { try await service.run() } }
                try await group.waitForAll()
            }
        }
        // Those who hear candidates and those who hear edges.
        var subscriptions = watched.subscribed.makeAsyncIterator()
        for _ in 0..<2 { await subscriptions.next() }
    }

    static func makeApp(
        folder: TestFolder, bus: any MessageBus, board: StatusBoard = StatusBoard(), clock: TestClock,
        values: [String: String] = [:]
    ) async throws -> RegistryApp {
        try await makeApp(makeContext(folder: folder, bus: bus, board: board, clock: clock), values: values)
    }

    private static func makeContext(
        folder: TestFolder, bus: any MessageBus, board: StatusBoard, clock: TestClock
    ) -> ServiceContext {
        ServiceContext(
            executable: "model-registry", instance: "registry", bus: bus, topics: TopicSpace(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, board: board, now: { clock.now },
            stateDirectory: folder.path, boot: "boot")
    }

    private static func makeApp(_ context: ServiceContext, values: [String: String]) async throws -> RegistryApp {
        var all = ["registry.mergeSeconds": "0.02", "registry.chunksPerSecond": "100000", "registry.chunkSize": "512"]
        all.merge(values) { $1 }
        return try await RegistryApp(
            configuration: ServiceConfiguration(executable: "model-registry", keys: RegistryApp.keys, values: all),
            context: context)
    }

    /// What `/metrics` says, once it passes.
    func metrics(where passes: (String) -> Bool) async -> String {
        while true {
            let page = await context.metricsPage(accept: nil).text
            if passes(page) || Task.isCancelled { return page }
            await Task.yield()
        }
    }

    /// Ends the process without a goodbye: nothing is flushed or closed.
    func kill() async {
        running.cancel()
        _ = await running.result
        await bus.close()
        await peer.close()
    }

    // MARK: What the peer says

    static let topics = TopicSpace()

    func publish(_ topic: Topic, _ payload: [UInt8], retained: Bool = false) async throws {
        try await peer.publish(
            BusMessage(topic: Self.topics.string(topic), payload: payload, retained: retained))
    }

    /// Proposes a task and waits until it is signed and stands on the bus.
    func propose(_ task: TaskDocument) async throws {
        try await publish(.taskProposal(model: task.name), task.json.bytes)
        let digest = ContentDigest(of: task.json.bytes).hex
        _ = try await settled { $0.task(model: task.name)?.sha256 == digest }
    }

    /// Waits until a complete release that passes stands on the bus.
    func settled(where passes: (VerifiedTargets) -> Bool) async throws -> VerifiedTargets {
        while true {
            // Between two documents of one release the set does not fit together; its timestamp is still to come.
            if case .ready(let targets, clock: .plausible)? = try? trust(), passes(targets) { return targets }
            _ = try await listener.next("trust/timestamp")
        }
    }

    /// The message and the chunks with which a distiller offers a student.
    static func candidate(
        _ bytes: [UInt8], model: String = "wrist", chunkSize: Int = 512, base: String? = nil
    ) throws -> (message: CandidateMessage, chunks: [[UInt8]]) {
        var compressor = try ZstdCompressor()
        return candidate(frame: try compressor.compress(bytes), bytes, model: model, chunkSize: chunkSize, base: base)
    }

    static func candidate(
        frame: [UInt8], _ bytes: [UInt8], model: String = "wrist", chunkSize: Int = 512, base: String? = nil
    ) -> (message: CandidateMessage, chunks: [[UInt8]]) {
        let chunks = stride(from: 0, to: frame.count, by: chunkSize).map {
            Array(frame[$0..<min(frame.count, $0 + chunkSize)])
        }
        let message = CandidateMessage(
            t: 1_800_000_000, model: model, digest: ContentDigest(of: bytes).hex, size: bytes.count,
            content: ChunkedBytes(
                frame: ContentDigest(of: frame).hex, bytes: frame.count, chunkSize: chunkSize,
                chunks: chunks.map { ContentDigest(of: $0).hex }), job: "job-1", distiller: "d-1", base: base,
            report: ["student": .object(["validationAccuracy": .double(0.5)])])
        return (message, chunks)
    }

    func send(_ candidate: (message: CandidateMessage, chunks: [[UInt8]])) async throws {
        let message = candidate.message
        try await publish(.candidate(model: message.model, digest: message.digest), message.payload, retained: true)
        for (index, chunk) in candidate.chunks.enumerated() {
            try await publish(.chunk(digest: message.content.frame, index: index), chunk)
        }
    }

    /// Offers a candidate and waits for the answer.
    func offer(_ candidate: (message: CandidateMessage, chunks: [[UInt8]])) async throws -> CandidateResult {
        try await send(candidate)
        return try await result(candidate.message)
    }

    func result(_ message: CandidateMessage) async throws -> CandidateResult {
        let answer = try await listener.next("model/\(message.model)/candidate/\(message.digest)/result")
        return try CandidateResult(payload: answer.payload)
    }

    // MARK: What a newcomer sees

    func retained(_ topic: Topic) -> [UInt8]? { broker.retained[Self.topics.string(topic)]?.payload }

    /// Release metadata as an edge sees it that knows the root file and the retained messages alone.
    func trust(root: [UInt8]? = nil) throws -> TrustState {
        var store = try TrustStore(root: root ?? folder.read("trust/root.json"))
        var next = store.rootVersion + 1
        while let bytes = retained(.root(version: next)) {
            try store.update(root: bytes, version: next)
            next += 1
        }
        if let bytes = retained(.targets) { try store.update(targets: bytes) }
        if let bytes = retained(.snapshot) { try store.update(snapshot: bytes) }
        if let bytes = retained(.timestamp) { try store.update(timestamp: bytes) }
        return store.state(now: Int(clock.now))
    }

    func verified(root: [UInt8]? = nil) throws -> VerifiedTargets {
        guard case .ready(let targets, clock: .plausible) = try trust(root: root) else {
            throw TrustError(.mismatch, "the retained metadata is \(try trust(root: root))")
        }
        return targets
    }

    /// Waits until the offer from a base to a target stands on the bus.
    func offer(base: String, target: String, model: String = "wrist") async throws -> OfferMessage {
        let topic = Topic.offer(model: model, base: base, target: target)
        if let bytes = retained(topic) { return try OfferMessage(payload: bytes) }
        let message = try await listener.next("model/\(model)/offer/\(base)/\(target)") { !$0.payload.isEmpty }
        return try OfferMessage(payload: message.payload)
    }

    /// Asks for chunks and gathers them as they are broadcast.
    func fetch(_ offer: OfferMessage, missing: [Range<Int>]? = nil, edge: EdgeID = RegistryHarness.edge) async throws
        -> [Int: [UInt8]]
    {
        let missing = missing ?? [0..<offer.content.chunks.count]
        let need = NeedMessage(
            t: clock.now, model: offer.model, edge: edge.edge, base: offer.base, target: offer.target,
            frame: offer.content.frame, missing: missing)
        try await publish(.need(model: offer.model, edge), need.payload)
        var chunks: [Int: [UInt8]] = [:]
        while chunks.count < Set(missing.joined()).count {
            let message = try await listener.next("chunk/\(offer.content.frame)/+")
            guard case .chunk(_, let index) = Self.topics.parse(message.topic) else { continue }
            chunks[index] = message.payload
        }
        return chunks
    }

    static let edge = EdgeID(site: "north", edge: "gw-north")

    /// An edge says that it runs a student.
    func install(version: Int, digest: String, edge: EdgeID = RegistryHarness.edge, model: String = "wrist")
        async throws
    {
        let report = InstalledMessage(t: clock.now, state: .running, running: version, digest: digest, desired: version)
        try await publish(.installed(model: model, edge), report.payload, retained: true)
    }
}
