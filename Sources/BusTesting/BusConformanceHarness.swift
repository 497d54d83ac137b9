public import BusAPI

/// One broker and a way to connect clients to it, for ``BusConformance``.
public protocol BusConformanceHarness: Sendable {
    /// A client that reconnects by itself.
    func connect(_ clientID: String, will: BusMessage?, birth: BusMessage?) async throws -> any MessageBus
    /// Breaks a client's connection without a goodbye, and lets it reconnect.
    func sever(_ bus: any MessageBus) async throws
    func stopBroker() async throws
    /// Brings the broker back at the same address; it may have forgotten everything.
    func startBroker() async throws
}

extension BusConformanceHarness {
    /// A connected client without will or birth.
    func connect(_ clientID: String) async throws -> any MessageBus {
        let bus = try await connect(clientID, will: nil, birth: nil)
        try await BusConformance.wait(for: .connected, of: bus)
        return bus
    }
}

/// An ``InMemoryBroker`` as the suite wants it.
public struct InMemoryHarness: BusConformanceHarness {
    public let broker = InMemoryBroker()

    public init() {}

    public func connect(_ clientID: String, will: BusMessage?, birth: BusMessage?) async throws -> any MessageBus {
        broker.connect(clientID, will: will, birth: birth)
    }

    public func sever(_ bus: any MessageBus) async throws {
        guard let bus = bus as? InMemoryBus else { throw BusError(.failed, "not a client of this broker") }
        bus.loseConnection()
        bus.restoreConnection()
    }

    public func stopBroker() async throws { broker.stop() }

    public func startBroker() async throws { broker.start() }
}
