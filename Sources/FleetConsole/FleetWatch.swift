import BusAPI
import Synchronization

/// Follows a fleet's topics and draws them until the task is cancelled.
public struct FleetWatch: Sendable {
    private let client: FleetClient
    private let now: @Sendable () -> Double

    public init(client: FleetClient, now: @escaping @Sendable () -> Double) {
        self.client = client
        self.now = now
    }

    /// - Throws: ``FleetConsoleError`` where no broker answers, or where the connection is closed.
    public func run() async throws {
        let view = FleetView(topics: client.topics)
        let subscription = try await client.subscribe(to: view.filters)
        let live = Live(view)
        let started = now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await batch in subscription { live.take(batch, now: now()) }
                try Task.checkCancellation()
                throw FleetConsoleError(.failed, "the connection to the broker was closed")
            }
            group.addTask {
                var screen = FleetScreen()
                while true {
                    // The first picture waits for what is retained.
                    try await Task.sleep(for: .milliseconds(500))
                    screen.draw(live.view, note: client.address, elapsed: now() - started)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// The view that receiving and drawing share.
    private final class Live: Sendable {
        private let state: Mutex<FleetView>
        init(_ view: FleetView) { state = Mutex(view) }
        var view: FleetView { state.withLock { $0 } }
        func take(_ messages: [BusMessage], now: Double) {
            state.withLock { view in for message in messages { view.ingest(message, now: now) } }
        }
    }
}
