import BusAPI
import Testing

/// Everything on a bus in order, for tests that wait for a message.
actor Listener {
    private let subscription: BusSubscription
    private var held: [BusMessage] = []

    init(_ bus: any MessageBus, to pattern: String = "retort/v1/#") async throws {
        subscription = try await bus.subscribe(to: [BusFilter(pattern)], limit: 100_000, overflow: .dropOldest)
    }

    /// The next message of a topic that matches and passes; the others before it on such topics are dropped.
    func next(_ pattern: String, where passes: (BusMessage) throws -> Bool = { _ in true }) async throws -> BusMessage {
        while true {
            while let at = held.firstIndex(where: {
                BusFilter.matches(pattern: "retort/v1/\(pattern)", topic: $0.topic)
            }) {
                let message = held.remove(at: at)
                if try passes(message) { return message }
            }
            held += try #require(await subscription.next())
        }
    }
}
