import BusAPI

/// A bus that says when a service has subscribed, so that tests speak only to those who listen.
struct WatchedBus: MessageBus {
    let bus: any MessageBus
    let subscribed: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(_ bus: any MessageBus) {
        self.bus = bus
        (subscribed, continuation) = AsyncStream.makeStream()
    }

    func publish(_ message: BusMessage) async throws(BusError) { try await bus.publish(message) }

    func subscribe(
        to filters: [BusFilter], limit: Int, overflow: BusOverflow
    ) async throws(BusError) -> BusSubscription {
        let subscription = try await bus.subscribe(to: filters, limit: limit, overflow: overflow)
        continuation.yield()
        return subscription
    }

    func states() -> AsyncStream<BusState> { bus.states() }
    var statistics: BusStatistics { bus.statistics }
    func close() async { await bus.close() }
}
