public import BusAPI
import Synchronization
public import Telemetry

/// Says on `reject/{executable}` which payloads could not be used, at most a few a second; every one is counted.
public final class RejectReporter: Sendable {
    private let executable: String
    private let bus: any MessageBus
    private let topics: TopicSpace
    private let board: StatusBoard
    private let now: @Sendable () -> Double
    private let perSecond: Int
    private let window = Mutex((second: 0.0, sent: 0))

    public init(
        executable: String, bus: any MessageBus, topics: TopicSpace, board: StatusBoard, perSecond: Int = 5,
        now: @escaping @Sendable () -> Double
    ) {
        self.executable = executable
        self.bus = bus
        self.topics = topics
        self.board = board
        self.perSecond = perSecond
        self.now = now
    }

    /// Counts a payload that could not be used under `rejected`, and publishes why unless too many were lately.
    ///
    /// - Parameters:
    ///   - topic: where the payload stood.
    ///   - code: a short word that programs count by: `malformed`, `channels`, `oversize`, `digest`, ...
    ///   - reason: what is wrong and what to do, for people.
    public func reject(topic: String, code: String, reason: String) async {
        board.count("rejected")
        let t = now()
        let isSent = window.withLock { window in
            if t.rounded(.down) != window.second { window = (t.rounded(.down), 0) }
            window.sent += 1
            return window.sent <= perSecond
        }
        guard isSent else { return }
        let message = RejectMessage(
            t: t, topic: topic, code: code, reason: String(reason.prefix(500)), count: board.counters["rejected"] ?? 0)
        do {
            try await bus.publish(
                BusMessage(
                    topic: topics.string(.reject(executable: executable)), payload: message.payload, qos: .atMostOnce))
        } catch {
            board.count("rejectsUnsent")
        }
    }
}
