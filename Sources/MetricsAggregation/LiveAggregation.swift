import BusAPI
import Synchronization
import Telemetry

/// The aggregation that the service's loops share.
final class LiveAggregation: Sendable {
    /// A message that could not be counted.
    struct Refused: Sendable, Equatable {
        var topic: String
        var refusal: JoinRefusal
    }

    /// Messages taken under one lock, so that publishing never waits for a whole backlog.
    private static let stretch = 64

    private let state: Mutex<Aggregation>

    init(_ aggregation: Aggregation) { state = Mutex(aggregation) }

    /// Takes messages in order, and returns those that could not be counted.
    func take(_ messages: [BusMessage], now: Double) -> [Refused] {
        var refused: [Refused] = []
        for start in stride(from: 0, to: messages.count, by: Self.stretch) {
            refused += state.withLock { aggregation in
                var refused: [Refused] = []
                for message in messages[start..<min(messages.count, start + Self.stretch)] {
                    do throws(JoinRefusal) {
                        try aggregation.take(message, now: now)
                    } catch {
                        refused.append(Refused(topic: message.topic, refusal: error))
                    }
                }
                return refused
            }
        }
        return refused
    }

    func withLock<Result: Sendable>(_ body: (inout Aggregation) -> Result) -> Result {
        state.withLock { body(&$0) }
    }
}
