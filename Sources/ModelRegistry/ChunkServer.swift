import BusAPI
import Logging
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Broadcasts the chunks that edges need: requests merged, paced, each chunk once for all who wait for it.
actor ChunkServer: Service {
    /// Bytes of frames held in memory: hundreds of students' updates.
    private static let cachedBytes = 16 << 20

    private let store: VersionStore
    private let context: ServiceContext
    private let chunkSize: Int
    private let interval: Duration
    private let start = ContinuousClock.now
    private nonisolated let wakeup = Wakeup()
    private var schedule: ChunkSchedule
    private var cache = FrameCache(limit: cachedBytes)

    init(store: VersionStore, context: ServiceContext, settings: RegistrySettings) {
        self.store = store
        self.context = context
        chunkSize = settings.chunkSize
        interval = .seconds(1 / settings.chunksPerSecond)
        schedule = ChunkSchedule(mergeSeconds: settings.mergeSeconds)
    }

    /// Seconds on a clock that is never set.
    private var time: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Takes an edge's request.
    ///
    /// - Returns: what is wrong with it, where something is.
    func need(frame: String, missing: [Range<Int>]) async throws -> (code: String, reason: String)? {
        guard let bytes = try await bytes(frame) else {
            // An edge that has not seen the newer offer yet; it will.
            context.board.count("needsUnknown")
            return nil
        }
        let chunks = (bytes.count + chunkSize - 1) / chunkSize
        switch schedule.add(frame: frame, ranges: missing, chunks: chunks, now: time) {
        case .outOfRange: return ("range", "the frame has \(chunks) chunks")
        case .full: context.board.count("dropped.needs")
        case .taken(let count): if count > 0 { wakeup.wake() }
        }
        return nil
    }

    private func bytes(_ frame: String) async throws -> [UInt8]? {
        if let cached = cache.find(frame) { return cached }
        guard let bytes = try await store.frame(frame) else { return nil }
        cache.insert(bytes, digest: frame)
        return bytes
    }

    func run() async throws {
        for await _ in wakeup.events.cancelOnGracefulShutdown() {
            do {
                try await cancelWhenGracefulShutdown { try await self.drain() }
            } catch is CancellationError {
                return
            }
        }
    }

    private func drain() async throws {
        while true {
            switch schedule.next(now: time) {
            case .idle: return
            case .wait(let seconds): try await Task.sleep(for: .seconds(seconds))
            case .send(let frame, let index):
                try await send(frame, index)
                try await Task.sleep(for: interval)
            }
        }
    }

    private func send(_ frame: String, _ index: Int) async throws {
        guard let bytes = try await bytes(frame) else {
            schedule.drop(frame: frame)
            return
        }
        let chunk = bytes[index * chunkSize..<min(bytes.count, (index + 1) * chunkSize)]
        do throws(BusError) {
            try await context.bus.publish(
                BusMessage(
                    topic: context.topics.string(.chunk(digest: frame, index: index)), payload: Array(chunk),
                    contentType: "application/octet-stream"))
            context.board.count("chunksSent")
            context.board.count("chunkBytesSent", by: chunk.count)
        } catch {
            // Whoever still needs it asks again.
            context.board.count("chunksUnsent")
            schedule.drop(frame: frame)
        }
    }
}
