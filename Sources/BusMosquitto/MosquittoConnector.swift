import BusAPI
import Logging
import Synchronization

/// What keeps a ``MosquittoBus`` connected: the loop's thread, the connection there is now, and who subscribed to what.
final class MosquittoConnector: Sendable {
    struct State {
        /// The connection from its first byte on.
        var current: MosquittoHandle?
        /// The same once the broker has accepted it and birth is on its way.
        var live: MosquittoHandle?
        var usesNumbers = false
        var isClosing = false
        var connects = 0
        var table = SubscriptionTable()
        var statistics = BusStatistics()
    }

    let options: BusConnectionOptions
    let logger: Logger
    let policy: ReconnectPolicy
    let state = Mutex(State())
    let states = BusStateBroadcaster(.disconnected(reason: "not connected yet"))
    let thread = LoopThread()
    let finished = Latch()

    init(_ options: BusConnectionOptions, _ policy: ReconnectPolicy, _ logger: Logger) {
        self.options = options
        self.policy = policy
        var logger = logger
        logger[metadataKey: BusMosquittoLogKeys.clientID] = "\(options.clientID)"
        logger[metadataKey: BusMosquittoLogKeys.broker] = "\(options.host):\(options.port)"
        self.logger = logger
    }

    var isClosing: Bool { state.withLock { $0.isClosing } }

    var statistics: BusStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.dropped = state.table.dropped
            statistics.reconnects = max(0, state.connects - 1)
            return statistics
        }
    }

    // MARK: The loop's thread

    /// Connects, serves, and starts over until closed.
    func run() {
        var failures = 0
        while !isClosing {
            let (served, reason) = serveOneConnection()
            states.send(.disconnected(reason: reason))
            guard !isClosing else { break }
            failures = served ? 1 : failures + 1
            let pause = policy.pause(after: failures, spread: Double.random(in: 0...1))
            let milliseconds = Int32(pause / .milliseconds(1))
            // Once for each outage where an operator looks, the rest for who asks.
            logger.log(
                level: failures == 1 ? .warning : .debug, served ? "Lost the broker" : "No connection to the broker",
                metadata: [
                    BusMosquittoLogKeys.reason: "\(reason)", BusMosquittoLogKeys.retryIn: "\(milliseconds)",
                ])
            thread.pause(milliseconds: milliseconds)
        }
        finished.open()
    }

    /// One connection from CONNECT to its end: whether the broker accepted it, and why it ended.
    private func serveOneConnection() -> (served: Bool, reason: String) {
        let context = MosquittoContext { [weak self] message, numbers in self?.received(message, numbers) }
        let handle: MosquittoHandle
        do {
            handle = try MosquittoHandle(options, context)
        } catch {
            return (false, error.message)
        }
        state.withLock { $0.current = handle }
        var served = false
        var code = handle.connect()
        // A goodbye said before there was a connection went nowhere.
        if isClosing { handle.disconnect() }
        while code == MosquittoLibrary.success {
            code = handle.loop()
            guard !served else { continue }
            switch context.answer {
            case .none: break
            case .accepted(let numbers):
                served = true
                becameLive(handle, numbers)
            case .refused: code = MosquittoLibrary.refusedCode
            }
        }
        var reason = context.farewell ?? MosquittoLibrary.describe(code)
        if case .refused(let why) = context.answer { reason = why }
        state.withLock { state in
            state.current = nil
            state.live = nil
            state.table.connectionLost()
        }
        context.withPending { $0.end(BusError(.notConnected, "the connection to the broker was lost: \(reason)")) }
        return (served, reason)
    }

    /// The broker accepted us: birth, then every subscription, then, once all are answered, the news.
    private func becameLive(_ handle: MosquittoHandle, _ numbers: Bool) {
        let announcement = Countdown { [weak self] in
            guard let self else { return }
            // An answer may also be the connection's end.
            let isLive = state.withLock { $0.live === handle }
            if isLive { states.send(.connected) }
        }
        if let birth = options.birth { publishBirth(birth, handle, announcement) }
        let requests = state.withLock { state in
            state.live = handle
            state.usesNumbers = numbers
            state.connects += 1
            return state.table.requests
        }
        logger.info(
            "Connected to the broker", metadata: [BusMosquittoLogKeys.subscriptions: "\(requests.count)"])
        for request in requests { ask(for: request, handle, numbers, announcement) }
        announcement.ready()
    }

    private func publishBirth(_ birth: BusMessage, _ handle: MosquittoHandle, _ announcement: Countdown) {
        do {
            try handle.context.begin(limit: .max)
        } catch {
            return
        }
        do {
            let id = try handle.publish(birth)
            announcement.expect()
            handle.context.withPending { $0.register(id) { _ in announcement.arrived() } }
        } catch {
            handle.context.withPending { $0.abandon() }
            logger.error("The birth message was not accepted", metadata: [BusMosquittoLogKeys.reason: "\(error)"])
        }
    }

    private func received(_ message: BusMessage, _ numbers: [UInt32]) {
        let receivers = state.withLock { state in
            state.statistics.received += 1
            state.statistics.receivedBytes += message.payload.count
            return state.table.receivers(of: message.topic, numbers: numbers)
        }
        for receiver in receivers { receiver.deliver(message) }
    }

    // MARK: Any thread

    /// Asks for a pattern; where the connection goes meanwhile, the next one asks again.
    func ask(for request: SubscriptionRequest, _ handle: MosquittoHandle, _ numbers: Bool, _ announcement: Countdown?) {
        do {
            try handle.context.begin(limit: .max)
        } catch {
            return
        }
        do {
            let id = try handle.subscribe(request, numbered: numbers)
            announcement?.expect()
            handle.context.withPending {
                $0.register(id) { [weak self] outcome in
                    if case .success(let codes) = outcome { self?.answered(request, codes) }
                    announcement?.arrived()
                }
            }
        } catch {
            handle.context.withPending { $0.abandon() }
            guard error.code != .notConnected else { return }
            refuse(request, error)
        }
    }

    private func answered(_ request: SubscriptionRequest, _ codes: [UInt8]) {
        if let code = codes.first(where: { $0 >= 128 }) {
            refuse(request, MosquittoLibrary.refusal(Int32(code), "subscribing to '\(request.pattern)'"))
            return
        }
        let complete = state.withLock { $0.table.granted(request.pattern) }
        for waiter in complete { waiter.resume(returning: .success(())) }
    }

    private func refuse(_ request: SubscriptionRequest, _ error: BusError) {
        logger.error(
            "A subscription was refused",
            metadata: [BusMosquittoLogKeys.filter: "\(request.pattern)", BusMosquittoLogKeys.reason: "\(error)"])
        let waiters = state.withLock { $0.table.refused(request.pattern) }
        for waiter in waiters { waiter.resume(returning: .failure(error)) }
    }

    /// Takes a subscription away, and from the broker what nobody else wants.
    func remove(_ subscription: BusSubscription, _ error: BusError) {
        let (waiter, unused, handle) = state.withLock { state in
            let (waiter, unused) = state.table.remove(subscription)
            return (waiter, unused, state.live)
        }
        for pattern in unused { handle?.unsubscribe(pattern) }
        waiter?.resume(returning: .failure(error))
    }
}
