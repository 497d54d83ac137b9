public import BusAPI
public import Logging
import Synchronization

/// A connection to an MQTT broker through libmosquitto, which reconnects until it is closed.
public final class MosquittoBus: MessageBus {
    /// Bytes of a payload at most, by MQTT's length field less room for the topic and properties.
    private static let maximumPayload = 268_435_455 - 131_072
    /// Messages at QoS 0 that may be unwritten before their publisher waits.
    private static let unwrittenLimit = 256

    private let connector: MosquittoConnector

    /// Starts connecting; there need not be a broker yet.
    ///
    /// - Throws: `.invalidConfiguration` where the options cannot be honoured, such as a certificate that is not there.
    public init(
        options: BusConnectionOptions, reconnect: ReconnectPolicy = ReconnectPolicy(), logger: Logger
    ) throws(BusError) {
        try Self.check(options)
        // A handle that is thrown away shows now what would fail at each attempt.
        _ = try MosquittoHandle(options, MosquittoContext { _, _ in })
        let connector = MosquittoConnector(options, reconnect, logger)
        guard connector.thread.start({ connector.run() }) else {
            throw BusError(.failed, "the system gave no thread")
        }
        self.connector = connector
    }

    /// Backstop of ``close()``, without its patience.
    deinit {
        let current = connector.state.withLock { state in
            state.isClosing = true
            return state.current
        }
        current?.disconnect()
        connector.thread.interrupt()
        endSubscriptions()
    }

    private static func check(_ options: BusConnectionOptions) throws(BusError) {
        func refuse(_ why: String) -> BusError { BusError(.invalidConfiguration, why) }
        guard !options.host.isEmpty, !options.host.utf8.contains(0) else { throw refuse("a broker has a host name") }
        guard (1...65_535).contains(options.port) else {
            throw refuse("port \(options.port) is not between 1 and 65535")
        }
        guard (5...65_535).contains(options.keepAlive) else {
            throw refuse("a keep-alive of \(options.keepAlive) s is not between 5 and 65535")
        }
        guard !options.clientID.isEmpty, !options.clientID.utf8.contains(0) else {
            throw refuse("a client has an id")
        }
        guard options.inflightLimit > 0 else { throw refuse("an in-flight limit of \(options.inflightLimit)") }
        for message in [options.will, options.birth].compactMap({ $0 })
        where !BusFilter.isValidTopic(message.topic) || message.payload.count > 65_535 {
            throw refuse("'\(message.topic)' cannot carry a last will or a birth of \(message.payload.count) bytes")
        }
    }

    public func publish(_ message: BusMessage) async throws(BusError) {
        guard BusFilter.isValidTopic(message.topic) else {
            throw BusError(.invalidTopic, "'\(message.topic.prefix(80))' is not a topic to publish on")
        }
        guard message.payload.count <= Self.maximumPayload else {
            throw BusError(.tooLarge, "\(message.payload.count) bytes, at most \(Self.maximumPayload) are possible")
        }
        let (isClosing, live) = connector.state.withLock { ($0.isClosing, $0.live) }
        if isClosing { throw BusError(.closed, "the connection was closed") }
        guard let live else { throw BusError(.notConnected, "there is no connection to the broker") }
        let context = live.context
        try context.begin(limit: connector.options.inflightLimit)
        let id: Int32
        do {
            id = try live.publish(message)
        } catch {
            context.withPending { $0.abandon() }
            throw error
        }
        if message.qos == .atMostOnce, context.outstanding <= Self.unwrittenLimit {
            context.withPending { $0.register(id) { _ in } }
        } else {
            _ = try await outcome(of: id, context).get()
        }
        connector.state.withLock { state in
            state.statistics.published += 1
            state.statistics.publishedBytes += message.payload.count
        }
    }

    private func outcome(of id: Int32, _ context: MosquittoContext) async -> Result<[UInt8], BusError> {
        let cancelled = BusError(.failed, "the task that published was cancelled; the message may arrive")
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                context.withPending { $0.register(id) { continuation.resume(returning: $0) } }
                if Task.isCancelled { context.withPending { $0.cancel(id, cancelled) } }
            }
        } onCancel: {
            context.withPending { $0.cancel(id, cancelled) }
        }
    }

    public func subscribe(
        to filters: [BusFilter], limit: Int, overflow: BusOverflow
    ) async throws(BusError) -> BusSubscription {
        if let bad = filters.first(where: { !$0.isValid }) {
            throw BusError(.invalidTopic, "'\(bad.pattern.prefix(80))' is not a topic filter")
        }
        let connector = connector
        let gone = BusError(.closed, "the subscription was cancelled")
        let subscription = BusSubscription(filters: filters, limit: limit, overflow: overflow) { [weak connector] in
            connector?.remove($0, gone)
        }
        guard !filters.isEmpty else { return subscription }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (added, live, numbers, requests) = connector.state.withLock { state in
                    let added = !state.isClosing && state.table.add(subscription, continuation)
                    return (added, state.live, state.usesNumbers, state.table.requests(for: subscription))
                }
                guard added else {
                    continuation.resume(returning: .failure(BusError(.closed, "the connection was closed")))
                    return
                }
                if let live {
                    for request in requests { connector.ask(for: request, live, numbers, nil) }
                }
                if Task.isCancelled { connector.remove(subscription, gone) }
            }
        } onCancel: {
            connector.remove(subscription, gone)
        }
        try result.get()
        return subscription
    }

    public func states() -> AsyncStream<BusState> { connector.states.stream() }

    public var statistics: BusStatistics { connector.statistics }

    public func close() async {
        let (first, live, current) = connector.state.withLock { state in
            defer { state.isClosing = true }
            return (!state.isClosing, state.live, state.current)
        }
        guard first else {
            await connector.finished.wait(atMost: .seconds(5))
            return
        }
        if let live {
            let drained = Latch()
            live.context.withPending { $0.whenDrained { drained.open() } }
            await drained.wait(atMost: .seconds(2))
        }
        current?.disconnect()
        connector.thread.interrupt()
        // A connection that was never made may hang in the system's connect(); nothing is lost with it.
        await connector.finished.wait(atMost: live == nil ? .seconds(1) : .seconds(3))
        endSubscriptions()
    }

    private func endSubscriptions() {
        let (subscriptions, waiters) = connector.state.withLock { $0.table.close() }
        for subscription in subscriptions { subscription.finish() }
        for waiter in waiters { waiter.resume(returning: .failure(BusError(.closed, "the connection was closed"))) }
        connector.states.finish(.disconnected(reason: "closed"))
    }

    /// Breaks the connection as a failing network would; the bus then reconnects. For tests of what happens next.
    package func sever() {
        connector.state.withLock { $0.current }?.sever()
    }
}
