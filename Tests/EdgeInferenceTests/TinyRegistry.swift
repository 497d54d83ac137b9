import BusAPI
import JSON
import ModelArtifact
import ModelDelta
import ReleaseTrust
import Synchronization
import Telemetry

/// A registry by hand: signs, offers, and answers needs when a test lets it.
final class TinyRegistry: Sendable {
    struct Frame: Sendable {
        var offer: OfferMessage
        var bytes: [UInt8]
    }

    private struct State {
        var targets: [ReleaseTarget] = []
        var version = 0
        var frames: [String: Frame] = [:]
    }

    static let chunkSize = 300
    let bus: any MessageBus
    let topics = TopicSpace()
    let signer: MetadataSigner
    private let now: @Sendable () -> Double
    private let state = Mutex(State())

    init(bus: any MessageBus, now: @escaping @Sendable () -> Double) throws {
        self.bus = bus
        self.now = now
        var seeds: [TrustRole: [UInt8]] = [:]
        for (index, role) in TrustRole.allCases.enumerated() {
            seeds[role] = [UInt8](repeating: UInt8(index + 1), count: 32)
        }
        signer = MetadataSigner(keys: try RoleKeys(seeds: seeds, isDevelopment: true))
    }

    func validity(days: Double = 30) -> MetadataSigner.Validity {
        .init(issued: Int(now()), expires: Int(now() + days * 86_400))
    }

    func root() throws -> [UInt8] { try signer.root(version: 1, validity: validity()).bytes }

    func publish(_ topic: Topic, _ payload: [UInt8], retained: Bool = true) async throws {
        try await bus.publish(BusMessage(topic: topics.string(topic), payload: payload, retained: retained))
    }

    // MARK: Metadata

    func add(_ target: ReleaseTarget) {
        state.withLock { state in
            state.targets.removeAll { $0.path == target.path }
            state.targets.append(target)
        }
    }

    func remove(path: String) { state.withLock { state in state.targets.removeAll { $0.path == path } } }

    /// Signs and publishes what is released now, the timestamp last.
    func sign(timestampDays: Double = 30) async throws {
        let (targets, version) = state.withLock { state in
            state.version += 1
            return (state.targets, state.version)
        }
        let document = try signer.targets(targets, version: version, validity: validity())
        let snapshot = try signer.snapshot(of: document, version: version, validity: validity())
        let timestamp = try signer.timestamp(
            of: snapshot, version: version, validity: validity(days: timestampDays))
        try await publish(.targets, document.bytes)
        try await publish(.snapshot, snapshot.bytes)
        try await publish(.timestamp, timestamp.bytes)
    }

    func release(task: TaskDocument) async throws {
        let bytes = task.json.bytes
        add(.task(model: task.name, length: bytes.count, sha256: ContentDigest(of: bytes).hex))
        try await publish(.task(model: task.name), bytes)
    }

    static func target(
        _ file: [UInt8], model: String = "level", version: Int, profile: String = "x86-gateway",
        isRollback: Bool = false
    ) -> ReleaseTarget {
        .student(
            .init(model: model, version: version, profile: profile, channel: "stable", isRollback: isRollback),
            length: file.count, sha256: ContentDigest(of: file).hex)
    }

    // MARK: Offers

    /// Makes a frame and publishes its offer.
    ///
    /// - Parameter alter: spoils the bytes before they are offered.
    @discardableResult
    func offer(
        _ file: [UInt8], base: [UInt8]? = nil, model: String = "level", version: Int, chunkSize: Int = chunkSize,
        alter: ([UInt8]) throws -> [UInt8] = { $0 }
    ) async throws -> Frame {
        let delta = try DeltaCodec.encode(base: base, target: file)
        let bytes = try alter(delta.bytes)
        let offer = OfferMessage(
            t: now(), model: model, base: base.map { ContentDigest(of: $0).hex } ?? "none",
            target: ContentDigest(of: file).hex, version: version, method: delta.method.rawValue,
            content: StorageTests.content(bytes, chunkSize: chunkSize))
        let frame = Frame(offer: offer, bytes: bytes)
        state.withLock { $0.frames[offer.content.frame] = frame }
        try await publish(.offer(model: model, base: offer.base, target: offer.target), offer.payload)
        return frame
    }

    func send(chunk index: Int, of frame: Frame, spoilt: Bool = false) async throws {
        let size = frame.offer.content.chunkSize
        var bytes = Array(frame.bytes[index * size..<min((index + 1) * size, frame.bytes.count)])
        if spoilt { bytes[0] ^= 0xFF }
        try await publish(.chunk(digest: frame.offer.content.frame, index: index), bytes, retained: false)
    }

    func sendAll(_ frame: Frame) async throws {
        for index in frame.offer.content.chunks.indices { try await send(chunk: index, of: frame) }
    }

    /// Answers every need until cancelled.
    func answer(edge: EdgeID, model: String = "level") async throws {
        let needs = try await bus.subscribe(
            to: [BusFilter(topics.string(.need(model: model, edge)))], limit: 100, overflow: .dropOldest)
        while let batch = await needs.next() {
            for message in batch {
                let need = try NeedMessage(payload: message.payload)
                guard let name = need.frame, let frame = state.withLock({ $0.frames[name] }) else { continue }
                for range in need.missing { for index in range { try await send(chunk: index, of: frame) } }
            }
        }
    }
}
