public import BusAPI
import Synchronization

/// A broker inside the process, for tests: retained messages, wildcards, last wills, several clients, outages.
///
/// Everything happens before the call that causes it returns, so tests need no waiting: once `publish` has returned, each
/// matching subscription holds the message. Message expiry is not modelled.
public final class InMemoryBroker: Sendable {
    struct Client {
        var options: BusConnectionOptions
        let states: BusStateBroadcaster
        /// Whether the client wants to be connected; a test takes that away.
        var isReachable = true
        var isConnected = false
        var wasConnected = false
        var subscriptions: [BusSubscription] = []
        var waiting: [Waiting] = []
        var statistics = BusStatistics()
        /// Drops of subscriptions that are gone.
        var pastDrops = 0
    }

    struct Waiting {
        let subscription: BusSubscription
        let continuation: CheckedContinuation<Result<Void, BusError>, Never>
    }

    private struct State {
        var isRunning = true
        var clients: [Int: Client] = [:]
        var nextClient = 0
        var retained: [String: BusMessage] = [:]
        var refused: [String] = []
        var published: [BusMessage] = []
    }

    private let state = Mutex(State())
    private let maximumPayload: Int

    /// - Parameter maximumPayload: bytes; publishing more throws `.tooLarge`.
    public init(maximumPayload: Int = 268_435_455) {
        self.maximumPayload = maximumPayload
    }

    // MARK: What tests do

    /// A client with these options; where the broker runs it is connected already.
    public func connect(_ options: BusConnectionOptions) -> InMemoryBus {
        let granted: (Int, [Waiting]) = state.withLock { state in
            let id = state.nextClient
            state.nextClient += 1
            let states = BusStateBroadcaster(.disconnected(reason: "not connected yet"))
            state.clients[id] = Client(options: options, states: states)
            return (id, state.isRunning ? Self.connect(id, &state) : [])
        }
        return InMemoryBus(broker: self, client: granted.0)
    }

    /// A client of that name.
    public func connect(_ clientID: String, will: BusMessage? = nil, birth: BusMessage? = nil) -> InMemoryBus {
        connect(BusConnectionOptions(host: "in-memory", port: 0, clientID: clientID, will: will, birth: birth))
    }

    /// Takes the broker away: every client is disconnected, and nothing says so on the bus.
    public func stop() {
        state.withLock { state in
            guard state.isRunning else { return }
            state.isRunning = false
            for id in state.clients.keys.sorted() { Self.disconnect(id, "the broker stopped", &state) }
        }
    }

    /// Brings the broker back with its retained messages; the clients that are reachable reconnect.
    public func start() {
        let granted: [Waiting] = state.withLock { state in
            guard !state.isRunning else { return [] }
            state.isRunning = true
            return state.clients.keys.sorted().flatMap { Self.connect($0, &state) }
        }
        for waiting in granted { waiting.continuation.resume(returning: .success(())) }
    }

    /// Makes the broker refuse subscriptions to this very pattern.
    public func refuseSubscriptions(to pattern: String) {
        state.withLock { $0.refused.append(pattern) }
    }

    /// What a newcomer would be given, by topic.
    public var retained: [String: BusMessage] { state.withLock { $0.retained } }

    /// Everything published on matching topics so far, births and wills too, in order.
    public func published(matching pattern: String = "#") -> [BusMessage] {
        state.withLock { state in state.published.filter { BusFilter.matches(pattern: pattern, topic: $0.topic) } }
    }

    // MARK: What clients do

    func states(of id: Int) -> AsyncStream<BusState> {
        let states = state.withLock { $0.clients[id]?.states } ?? BusStateBroadcaster(.disconnected(reason: "closed"))
        return states.stream()
    }

    func statistics(of id: Int) -> BusStatistics {
        state.withLock { state in
            guard let client = state.clients[id] else { return BusStatistics() }
            var statistics = client.statistics
            statistics.dropped = client.subscriptions.reduce(client.pastDrops) { $0 + $1.dropped }
            return statistics
        }
    }

    func publish(_ message: BusMessage, from id: Int) throws(BusError) {
        guard BusFilter.isValidTopic(message.topic) else {
            throw BusError(.invalidTopic, "'\(message.topic)' is not a topic to publish on")
        }
        guard message.payload.count <= maximumPayload else {
            throw BusError(.tooLarge, "\(message.payload.count) bytes, at most \(maximumPayload) are allowed")
        }
        let failure: BusError? = state.withLock { state in
            guard let client = state.clients[id] else { return BusError(.closed, "the connection was closed") }
            guard client.isConnected else { return BusError(.notConnected, "no broker") }
            state.clients[id]?.statistics.published += 1
            state.clients[id]?.statistics.publishedBytes += message.payload.count
            Self.route(message, &state)
            return nil
        }
        if let failure { throw failure }
    }

    func subscribe(_ subscription: BusSubscription, client id: Int) async throws(BusError) {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready: Result<Void, BusError>? = state.withLock { state in
                    guard let client = state.clients[id] else {
                        return .failure(BusError(.closed, "the connection was closed"))
                    }
                    if let filter = subscription.filters.first(where: { state.refused.contains($0.pattern) }) {
                        return .failure(BusError(.refused, "the broker refused '\(filter)'"))
                    }
                    if Task.isCancelled { return .failure(Self.cancelled) }
                    guard client.isConnected else {
                        let waiting = Waiting(subscription: subscription, continuation: continuation)
                        state.clients[id]?.waiting.append(waiting)
                        return nil
                    }
                    state.clients[id]?.subscriptions.append(subscription)
                    Self.deliverRetained(to: subscription, client: id, &state)
                    return .success(())
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let waiting: Waiting? = state.withLock { state in
                guard let at = state.clients[id]?.waiting.firstIndex(where: { $0.subscription === subscription }) else {
                    return nil
                }
                return state.clients[id]?.waiting.remove(at: at)
            }
            waiting?.continuation.resume(returning: .failure(Self.cancelled))
        }
        try result.get()
    }

    func forget(_ subscription: BusSubscription, client id: Int) {
        state.withLock { state in
            guard let at = state.clients[id]?.subscriptions.firstIndex(where: { $0 === subscription }) else { return }
            state.clients[id]?.subscriptions.remove(at: at)
            state.clients[id]?.pastDrops += subscription.dropped
        }
    }

    func loseConnection(of id: Int) {
        state.withLock { state in
            guard let client = state.clients[id] else { return }
            state.clients[id]?.isReachable = false
            guard client.isConnected else { return }
            Self.disconnect(id, "the connection was lost", &state)
            if let will = client.options.will { Self.route(will, &state) }
        }
    }

    func restoreConnection(of id: Int) {
        let granted: [Waiting] = state.withLock { state in
            state.clients[id]?.isReachable = true
            return state.isRunning ? Self.connect(id, &state) : []
        }
        for waiting in granted { waiting.continuation.resume(returning: .success(())) }
    }

    func close(_ id: Int) {
        guard let client = state.withLock({ $0.clients.removeValue(forKey: id) }) else { return }
        for subscription in client.subscriptions { subscription.finish() }
        for waiting in client.waiting {
            waiting.continuation.resume(returning: .failure(BusError(.closed, "the connection was closed")))
        }
        client.states.finish(.disconnected(reason: "closed"))
    }

    // MARK: Under the lock

    private static let cancelled = BusError(.closed, "the task that subscribed was cancelled")

    /// Connects a client that is not, and returns who waited for that.
    private static func connect(_ id: Int, _ state: inout State) -> [Waiting] {
        guard var client = state.clients[id], client.isReachable, !client.isConnected else { return [] }
        let waiting = client.waiting
        client.waiting = []
        client.isConnected = true
        if client.wasConnected { client.statistics.reconnects += 1 }
        client.wasConnected = true
        client.subscriptions += waiting.map(\.subscription)
        state.clients[id] = client
        if let birth = client.options.birth { route(birth, &state) }
        for subscription in client.subscriptions { deliverRetained(to: subscription, client: id, &state) }
        client.states.send(.connected)
        return waiting
    }

    private static func disconnect(_ id: Int, _ reason: String, _ state: inout State) {
        guard let client = state.clients[id], client.isConnected else { return }
        state.clients[id]?.isConnected = false
        client.states.send(.disconnected(reason: reason))
    }

    private static func route(_ message: BusMessage, _ state: inout State) {
        state.published.append(message)
        if message.retained {
            state.retained[message.topic] = message.payload.isEmpty ? nil : message
        }
        var live = message
        live.retained = false
        for id in state.clients.keys.sorted() {
            guard let client = state.clients[id], client.isConnected else { continue }
            let subscribed = client.subscriptions.filter { $0.matches(message.topic) }
            guard !subscribed.isEmpty else { continue }
            state.clients[id]?.statistics.received += 1
            state.clients[id]?.statistics.receivedBytes += message.payload.count
            for subscription in subscribed { subscription.deliver(live) }
        }
    }

    private static func deliverRetained(to subscription: BusSubscription, client id: Int, _ state: inout State) {
        for message in state.retained.values.sorted(by: { $0.topic < $1.topic })
        where subscription.matches(message.topic) {
            state.clients[id]?.statistics.received += 1
            state.clients[id]?.statistics.receivedBytes += message.payload.count
            subscription.deliver(message)
        }
    }
}
