public import BusAPI
import Synchronization
public import Telemetry

/// What a command asks of a running cluster: the retained topics as they are now, and answers to what it says.
public struct FleetClient: Sendable {
    public let bus: any MessageBus
    public let topics: TopicSpace
    /// For people: the broker's address without a password.
    public let address: String
    /// How long a broker or a service may take to answer.
    private let timeout: Duration
    /// Retained messages come at once; when none came for so long, all are there.
    private let quiet: Duration

    /// - Parameters:
    ///   - address: names the broker in errors.
    ///   - timeout: how long a broker or a service may take to answer.
    ///   - quiet: silence after which all retained messages are taken to be there.
    public init(
        bus: any MessageBus, topics: TopicSpace, address: String, timeout: Duration = .seconds(5),
        quiet: Duration = .milliseconds(400)
    ) {
        self.bus = bus
        self.topics = topics
        self.address = address
        self.timeout = timeout
        self.quiet = quiet
    }

    /// Subscribes, or says that no broker answers.
    ///
    /// - Throws: ``FleetConsoleError`` `.timedOut`; `BusError` where the broker refuses.
    public func subscribe(to filters: [BusFilter]) async throws -> BusSubscription {
        let subscription = try await within(timeout) { [bus] in
            try await bus.subscribe(to: filters, limit: 100_000, overflow: .dropOldest)
        }
        if let subscription { return subscription }
        for await case .disconnected(let reason) in bus.states() {
            if reason.lowercased().contains("authori") || reason.lowercased().contains("bad user name") {
                throw BusError(.refused, "the broker at \(address) refuses: \(reason)")
            }
            throw FleetConsoleError(
                .timedOut,
                "no broker answers at \(address) within \(timeout) (\(reason)): start one (`retort up`), name yours "
                    + "with --broker, or ask `retort doctor`")
        }
        throw FleetConsoleError(.timedOut, "the broker at \(address) grants no subscription within \(timeout)")
    }

    /// What is retained on the topics that pass the filters, newest by topic; deletions are left out.
    public func retained(_ filters: [BusFilter]) async throws -> [BusMessage] {
        let subscription = try await subscribe(to: filters)
        defer { subscription.cancel() }
        var messages: [String: BusMessage] = [:]
        let clock = ContinuousClock()
        let start = clock.now
        var lastRetained = start
        // Live traffic goes on for ever, so silence is that of retained messages.
        while clock.now - lastRetained < quiet, clock.now - start < timeout {
            guard let batch = try await within(quiet - (clock.now - lastRetained), { await subscription.next() }) else {
                break
            }
            guard let batch else { throw FleetConsoleError(.failed, "the connection to \(address) was closed") }
            for message in batch { messages[message.topic] = message }
            if batch.contains(where: \.retained) { lastRetained = clock.now }
        }
        return messages.values.filter { !$0.payload.isEmpty }.sorted { $0.topic < $1.topic }
    }

    /// The fleet as its retained topics show it.
    ///
    /// - Parameter now: wall time of the look, Unix seconds.
    public func fleet(now: Double) async throws -> FleetView {
        var fleet = FleetView(topics: topics)
        for message in try await retained(fleet.filters) { fleet.ingest(message, now: now) }
        return fleet
    }

    /// Publishes, again every two seconds, and waits for the first message that answers it: whoever is to answer may only
    /// be starting.
    ///
    /// - Returns: nothing where no answer came in time.
    public func ask<Answer: Sendable>(
        _ message: BusMessage, answers filters: [BusFilter],
        _ answer: @escaping @Sendable (BusMessage) throws -> Answer?
    ) async throws -> Answer? {
        let subscription = try await subscribe(to: filters)
        defer { subscription.cancel() }
        let found: Answer?? = try await within(timeout) { [bus, address] in
            try await withThrowingTaskGroup(of: Answer?.self) { group in
                group.addTask {
                    while true {
                        try await bus.publish(message)
                        try await Task.sleep(for: .seconds(2))
                    }
                }
                group.addTask {
                    while let batch = await subscription.next() {
                        for message in batch { if let answer = try answer(message) { return answer } }
                    }
                    try Task.checkCancellation()
                    throw FleetConsoleError(.failed, "the connection to \(address) was closed")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        }
        return found ?? nil
    }
}
