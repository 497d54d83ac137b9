public import BusAPI

/// A client of an ``InMemoryBroker`` whose connection a test can take away and give back.
public final class InMemoryBus: MessageBus {
    private let broker: InMemoryBroker
    private let client: Int

    init(broker: InMemoryBroker, client: Int) {
        self.broker = broker
        self.client = client
    }

    /// The connection goes without a goodbye: the broker publishes the last will.
    public func loseConnection() { broker.loseConnection(of: client) }

    /// Connects again where the broker runs: birth, every subscription, retained messages.
    public func restoreConnection() { broker.restoreConnection(of: client) }

    public func publish(_ message: BusMessage) async throws(BusError) {
        try broker.publish(message, from: client)
    }

    public func subscribe(
        to filters: [BusFilter], limit: Int, overflow: BusOverflow
    ) async throws(BusError) -> BusSubscription {
        if let bad = filters.first(where: { !$0.isValid }) {
            throw BusError(.invalidTopic, "'\(bad)' is not a topic filter")
        }
        let subscription = BusSubscription(filters: filters, limit: limit, overflow: overflow) { [broker, client] in
            broker.forget($0, client: client)
        }
        try await broker.subscribe(subscription, client: client)
        return subscription
    }

    public func states() -> AsyncStream<BusState> { broker.states(of: client) }

    public var statistics: BusStatistics { broker.statistics(of: client) }

    public func close() async { broker.close(client) }
}
