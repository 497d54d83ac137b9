import BusAPI
import ServiceRuntime
import Synchronization

/// Publishes the newest message of each topic, at least once.
///
/// What is retained is remembered and said again whenever the broker comes back, for it may have forgotten.
final class LatestLane: Sendable {
    private struct State {
        var latest: [String: BusMessage] = [:]
        /// Topics to say, oldest first.
        var pending: [String] = []
        var isPending: Set<String> = []
        var dropped = 0
    }

    private enum Event: Sendable { case message, connected, disconnected }

    /// Topics published at once, each waiting for its acknowledgement.
    private static let concurrency = 32

    private let context: ServiceContext
    private let traffic: Traffic
    private let limit: Int
    private let state = Mutex(State())
    private let events = Mailbox<Event>(limit: 64)

    init(context: ServiceContext, limit: Int, traffic: Traffic) {
        self.context = context
        self.limit = limit
        self.traffic = traffic
    }

    func finish() { events.finish() }
    var depth: Int { state.withLock { $0.pending.count } }

    func put(_ message: BusMessage) {
        state.withLock { state in
            if state.latest[message.topic] == nil, state.latest.count >= limit {
                state.dropped += 1
                return
            }
            state.latest[message.topic] = message
            if state.isPending.insert(message.topic).inserted { state.pending.append(message.topic) }
        }
        events.put(.message)
    }

    /// Gives up topics: they are not said again, and what is retained is taken back, for it may just have been said.
    func forget(_ topics: [String]) {
        let known = state.withLock { state in topics.filter { state.latest[$0]?.payload.isEmpty == false } }
        for topic in known { put(BusMessage(topic: topic, payload: [], retained: true)) }
    }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await change in self.context.bus.states() {
                    self.events.put(change == .connected ? .connected : .disconnected)
                }
            }
            var isConnected = false
            while let batch = await events.next() {
                for event in batch {
                    switch event {
                    case .message: break
                    case .disconnected: isConnected = false
                    case .connected:
                        if !isConnected { sayAgain() }
                        isConnected = true
                    }
                }
                if isConnected { await drain() }
            }
            if isConnected { await drain() }
            group.cancelAll()
        }
    }

    private func sayAgain() {
        state.withLock { state in
            for (topic, message) in state.latest where message.retained {
                if state.isPending.insert(topic).inserted { state.pending.append(topic) }
            }
        }
    }

    /// Publishes until nothing is pending or the broker is away; the next event goes on.
    private func drain() async {
        while true {
            let batch: [BusMessage] = state.withLock { state in
                let topics = state.pending.prefix(Self.concurrency)
                state.pending.removeFirst(topics.count)
                return topics.compactMap { topic in
                    state.isPending.remove(topic)
                    return state.latest[topic]
                }
            }
            if batch.isEmpty { break }
            let failed = await withTaskGroup(of: BusMessage?.self) { group in
                for message in batch { group.addTask { await self.publish(message) ? nil : message } }
                var failed: [BusMessage] = []
                for await message in group { if let message { failed.append(message) } }
                return failed
            }
            if !failed.isEmpty {
                state.withLock { state in
                    for message in failed where state.isPending.insert(message.topic).inserted {
                        state.pending.append(message.topic)
                    }
                }
                break
            }
        }
        let dropped = state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
        context.board.count("dropped", by: dropped)
        context.board.count("statesDropped", by: dropped)
    }

    /// - Returns: whether the message is dealt with: sent, or never sendable.
    private func publish(_ message: BusMessage) async -> Bool {
        do throws(BusError) {
            try await context.bus.publish(message)
            context.board.count("published")
            traffic.sent(message.topic.utf8.count + message.payload.count, .inferences)
            if !message.retained || message.payload.isEmpty { forget(message) }
            return true
        } catch {
            if error.isRetriable { return false }
            context.board.count("statesDropped")
            forget(message)
            return true
        }
    }

    private func forget(_ message: BusMessage) {
        state.withLock { state in
            if state.latest[message.topic] == message, !state.isPending.contains(message.topic) {
                state.latest[message.topic] = nil
            }
        }
    }
}
