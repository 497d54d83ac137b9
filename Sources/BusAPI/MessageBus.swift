/// A connection to a broker, or to an in-memory one in tests.
///
/// Delivery is at least once: after a reconnect every subscription is made again and retained messages come again.
/// Implementations reconnect by themselves until ``close()``.
public protocol MessageBus: Sendable {
    /// Hands a message to the broker and, at QoS 1, waits for its acknowledgement.
    ///
    /// - Throws: `.notConnected` while there is no broker or where the connection went before the acknowledgement (the
    ///   message may then have arrived), `.queueFull` where too many acknowledgements are outstanding,
    ///   `.invalidTopic`, `.tooLarge`, `.closed`.
    func publish(_ message: BusMessage) async throws(BusError)

    /// Subscribes and returns once the broker has granted every filter.
    ///
    /// Where there is no connection yet, it waits for one.
    ///
    /// - Parameters:
    ///   - filters: what to receive; one subscription delivers its messages in the order received.
    ///   - limit: messages held for the consumer at most; the oldest telemetry-like messages are dropped first
    ///     according to `overflow`, and counted in ``BusSubscription/dropped``.
    /// - Throws: `.invalidTopic`, `.refused`, `.closed`.
    func subscribe(
        to filters: [BusFilter], limit: Int, overflow: BusOverflow
    ) async throws(BusError) -> BusSubscription

    /// The connection's state now and at each change, newest only.
    func states() -> AsyncStream<BusState>

    /// Counters since the connection object was made.
    var statistics: BusStatistics { get }

    /// Sends what is under way, says goodbye so that no last will is published, and frees the connection. Idempotent.
    func close() async
}

/// Whether a broker is there.
public enum BusState: Sendable, Equatable {
    case connected
    case disconnected(reason: String)
}

/// What is dropped when a subscription's consumer does not keep up.
public enum BusOverflow: Sendable, Equatable {
    case dropOldest
    case dropNewest
}

/// Cumulative counters of a connection.
public struct BusStatistics: Sendable, Equatable {
    public var received = 0
    public var receivedBytes = 0
    public var published = 0
    public var publishedBytes = 0
    public var dropped = 0
    public var reconnects = 0

    public init() {}
}
