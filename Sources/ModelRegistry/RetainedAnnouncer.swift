import BusAPI
import JSON
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import Telemetry

/// Keeps what stands retained on the bus equal to what is stored: publishes changes, all of it after each connect, and
/// takes back what is obsolete, also when it was published before a restart.
final class RetainedAnnouncer: Service {
    private let store: VersionStore
    private let context: ServiceContext
    private let chunkSize: Int
    private let wakeup = Wakeup()
    /// Set by a new connection: its broker may hold nothing of ours.
    private let isStale = Mutex(true)

    init(store: VersionStore, context: ServiceContext, chunkSize: Int) {
        self.store = store
        self.context = context
        self.chunkSize = chunkSize
    }

    /// Looks for changes soon.
    func refresh() { wakeup.wake() }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                for await state in context.bus.states().cancelOnGracefulShutdown() where state == .connected {
                    isStale.withLock { $0 = true }
                    wakeup.wake()
                }
            }
            group.addTask { [self] in
                var published: [String: [UInt8]] = [:]
                for await _ in wakeup.events.cancelOnGracefulShutdown() {
                    let mustRepeat = isStale.withLock { isStale in
                        defer { isStale = false }
                        return isStale
                    }
                    if mustRepeat { published = [:] }
                    try await bringUpToDate(&published)
                }
            }
            try await group.waitForAll()
        }
    }

    /// - Parameter published: payloads by topic that the broker has acknowledged on this connection.
    private func bringUpToDate(_ published: inout [String: [UInt8]]) async throws {
        try await showOnBoard()
        let desired = try await store.announcements(chunkSize: chunkSize)
        var noted = try await store.announcedTopics()
        for announcement in desired {
            let topic = context.topics.string(announcement.topic)
            if published[topic] == announcement.payload { continue }
            if !noted.contains(topic) {
                // Noted before it is published: a process killed in between clears a topic that holds nothing.
                try await store.note(announced: topic)
                noted.insert(topic)
            }
            guard await publish(topic, announcement.payload) else { return }
            published[topic] = announcement.payload
        }
        let obsolete = noted.subtracting(desired.map { context.topics.string($0.topic) })
        for topic in obsolete.sorted() {
            guard await publish(topic, []) else { return }
            published[topic] = nil
            try await store.note(cleared: topic)
        }
    }

    /// - Returns: false where the rest has to wait for the next connection.
    private func publish(_ topic: String, _ payload: [UInt8]) async -> Bool {
        do throws(BusError) {
            try await context.bus.publish(
                BusMessage(topic: topic, payload: payload, retained: true, contentType: "application/json"))
            return true
        } catch {
            context.logger.warning(
                "A retained message could not be published",
                metadata: [RegistryLogKeys.topic: "\(topic)", RegistryLogKeys.error: "\(error)"])
            context.board.count("announcementsUnsent")
            guard error.code != .notConnected && error.code != .closed else { return false }
            if error.isRetriable {
                // Cancellation ends the wait early, and the loop with it.
                do { try await Task.sleep(for: .milliseconds(500)) } catch { return false }
                isStale.withLock { $0 = true }
                wakeup.wake()
                return false
            }
            // A topic or size that the broker will never take must not hold the others up.
            return true
        }
    }

    private func showOnBoard() async throws {
        var models = JSONObject()
        for task in try await store.tasks() {
            let released = try await store.released(model: task.document.name)
            var entry: JSONObject = ["taskRevision": .integer(Int64(task.revision))]
            entry["version"] = released.map { .integer(Int64($0)) }
            models[task.document.name] = .object(entry)
        }
        context.board.set("models", .object(models))
    }
}
