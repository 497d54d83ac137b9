import BusAPI
import ServiceRuntime
import Telemetry

/// Thousands of edges on some connections.
final class SimulatedFleet: Sendable {
    let groups: [EdgeGroup]

    /// - Parameter connect: opens a connection with a client id.
    init(
        edges: Int, connections: Int, topics: TopicSpace, connect: (String) async throws -> any MessageBus
    ) async throws {
        var groups: [EdgeGroup] = []
        for number in 0..<connections {
            groups.append(
                EdgeGroup(
                    bus: try await connect("edges-\(number)"), topics: topics,
                    edges: stride(from: number, to: edges, by: connections).map { $0 }))
        }
        self.groups = groups
    }

    func close() async { for group in groups { await group.bus.close() } }

    func forEach(_ body: @escaping @Sendable (EdgeGroup) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for group in groups { tasks.addTask { try await body(group) } }
            try await tasks.waitForAll()
        }
    }
}

/// The edges of one connection.
///
/// What is broadcast reaches a connection once, so edges on it that want the same frame have the same chunks; each asks
/// for itself, after a wait of its own.
final class EdgeGroup: Sendable {
    /// An edge's waits, as in `edge.update.needDelay` and `needRetry`.
    private static let delay = 2.0
    private static let retry = 2.0

    let bus: any MessageBus
    private let topics: TopicSpace
    private let edges: [Int]

    init(bus: any MessageBus, topics: TopicSpace, edges: [Int]) {
        self.bus = bus
        self.topics = topics
        self.edges = edges
    }

    private func id(_ edge: Int) -> EdgeID { EdgeID(site: "site-\(edge % 100)", edge: "gw-\(edge)") }

    /// Every edge says what it runs.
    func report(
        _ model: String, version: (Int) -> Int, digest: (Int) -> String, receipt: OfferMessage? = nil,
        only: Set<Int>? = nil
    )
        async throws
    {
        for edge in edges where only?.contains(edge) ?? true {
            var message = InstalledMessage(
                t: WallClock.now(), state: .running, running: version(edge), digest: digest(edge),
                desired: version(edge))
            message.method = receipt?.method
            message.base = receipt?.base
            message.bytes = receipt?.content.bytes
            message.chunks = receipt?.content.chunks.count
            try await bus.publish(
                BusMessage(
                    topic: topics.string(.installed(model: model, id(edge))), payload: message.payload, retained: true,
                    contentType: "application/json"))
        }
    }

    /// A frame on its way to some edges of this connection.
    fileprivate struct Download: Sendable {
        var offer: OfferMessage
        var edges: [Int]
        var have: Set<Int> = []
        /// When each edge asks next, in seconds.
        var due: [Double]
        var attempts: [Int]
    }

    /// Brings every edge to a target.
    ///
    /// - Parameter base: what an edge runs.
    func update(_ model: String, to target: String, from base: @Sendable (Int) -> String) async throws {
        let subscription = try await bus.subscribe(
            to: [BusFilter(topics.filter("model", model, "offer", "+", target))], limit: 10_000, overflow: .dropNewest)
        let waiting = Dictionary(grouping: edges, by: base)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var seen: Set<String> = []
            while seen.count < waiting.count, let batch = await subscription.next() {
                for message in batch where !message.payload.isEmpty {
                    let offer = try OfferMessage(payload: message.payload)
                    guard let edges = waiting[offer.base], seen.insert(offer.base).inserted else { continue }
                    group.addTask { try await self.fetch(offer, for: edges) }
                }
            }
            subscription.cancel()
            try await group.waitForAll()
        }
    }

    private func fetch(_ offer: OfferMessage, for edges: [Int]) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        @Sendable func now() -> Double { (clock.now - start) / .seconds(1) }
        let subscription = try await bus.subscribe(
            to: [BusFilter(topics.filter("chunk", offer.content.frame, "+"))], limit: 10_000, overflow: .dropNewest)
        defer { subscription.cancel() }
        let state = Shared(
            Download(
                offer: offer, edges: edges, due: edges.map { _ in Double.random(in: 0..<Self.delay) },
                attempts: edges.map { _ in 0 }))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(20))
                    let needs = state.withLock { $0.needs(now: now(), retry: Self.retry) }
                    for (edge, missing) in needs { try await self.ask(offer, edge, missing) }
                }
            }
            receiving: while let batch = await subscription.next() {
                for message in batch {
                    guard case .chunk(_, let index)? = topics.parse(message.topic) else { continue }
                    let isComplete = state.withLock { $0.take(index, now: now(), retry: Self.retry) }
                    if isComplete { break receiving }
                }
            }
            group.cancelAll()
        }
        try await report(
            offer.model, version: { _ in offer.version }, digest: { _ in offer.target }, receipt: offer,
            only: Set(edges))
    }

    private func ask(_ offer: OfferMessage, _ edge: Int, _ missing: [Range<Int>]) async throws {
        let need = NeedMessage(
            t: WallClock.now(), model: offer.model, edge: id(edge).edge, base: offer.base, target: offer.target,
            frame: offer.content.frame, missing: missing)
        try await bus.publish(
            BusMessage(
                topic: topics.string(.need(model: offer.model, id(edge))), payload: need.payload,
                contentType: "application/json"))
    }
}

extension EdgeGroup.Download {
    /// Edges that ask now, and for what.
    fileprivate mutating func needs(now: Double, retry: Double) -> [(edge: Int, missing: [Range<Int>])] {
        let missing = (0..<offer.content.chunks.count).filter { !have.contains($0) }.map { $0..<$0 + 1 }
        guard !missing.isEmpty else { return [] }
        var asking: [(Int, [Range<Int>])] = []
        for index in edges.indices where due[index] <= now {
            due[index] = now + min(60, retry * Double(1 << min(attempts[index], 16)))
            attempts[index] += 1
            asking.append((edges[index], missing))
        }
        return asking
    }

    /// Takes a chunk; while chunks flow nobody asks.
    ///
    /// - Returns: whether it was the last.
    fileprivate mutating func take(_ index: Int, now: Double, retry: Double) -> Bool {
        have.insert(index)
        for edge in edges.indices {
            due[edge] = now + retry
            attempts[edge] = 0
        }
        return have.count == offer.content.chunks.count
    }
}
