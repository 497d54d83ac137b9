import BusAPI
import JSON
import Synchronization

/// Follows a fleet's topics and draws them until the task is cancelled.
public struct FleetWatch: Sendable {
    /// How the fleet is shown.
    public enum Form: Sendable {
        /// A picture on a terminal, lines elsewhere.
        case picture
        /// A JSON object a line, on each second in which something came.
        case json
    }

    private let client: FleetClient
    private let form: Form
    private let now: @Sendable () -> Double

    public init(client: FleetClient, form: Form = .picture, now: @escaping @Sendable () -> Double) {
        self.client = client
        self.form = form
        self.now = now
    }

    /// The fleet as its retained topics show it, once.
    ///
    /// - Throws: ``FleetConsoleError`` `.timedOut` where there is no broker or no aggregator.
    public func once() async throws -> String {
        let started = now()
        let fleet = try await client.fleet(now: started)
        guard fleet.summary != nil else { throw FleetConsoleError.noAggregator }
        if form == .json { return fleet.json(now: now()).text }
        let terminal = Terminal()
        let picture = FleetPicture(fleet: fleet, note: client.address, elapsed: now() - started, now: now())
        return picture.lines.map { $0.rendered(colour: terminal.usesColour) }.joined(separator: "\n")
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
            group.addTask { for await state in client.bus.states() { live.take(state) } }
            group.addTask {
                switch form {
                case .picture: try await draw(live, started: started)
                case .json: try await write(live)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func draw(_ live: Live, started: Double) async throws {
        var screen = FleetScreen()
        defer { screen.close() }
        while true {
            // The first picture waits for what is retained.
            try await Task.sleep(for: .milliseconds(500))
            let (state, time) = (live.now, now())
            screen.draw(
                state.view, state.trend, note: client.address, elapsed: time - started, now: time,
                brokerAway: state.brokerAway)
        }
    }

    private func write(_ live: Live) async throws {
        var written = 0
        while true {
            try await Task.sleep(for: .seconds(1))
            let state = live.now
            guard state.messages != written else { continue }
            written = state.messages
            print(state.view.json(now: now()).text)
        }
    }

    /// What receiving and drawing share.
    private final class Live: Sendable {
        struct State: Sendable {
            var view: FleetView
            var trend = FleetTrend()
            var brokerAway: String?
            var messages = 0
        }

        private let state: Mutex<State>
        init(_ view: FleetView) { state = Mutex(State(view: view)) }
        var now: State { state.withLock { $0 } }

        func take(_ messages: [BusMessage], now: Double) {
            state.withLock { state in
                for message in messages { state.view.ingest(message, now: now) }
                if let summary = state.view.summary { state.trend.take(summary) }
                state.messages += messages.count
            }
        }

        func take(_ change: BusState) {
            state.withLock {
                $0.brokerAway = if case .disconnected(let reason) = change { reason } else { String?.none }
            }
        }
    }
}
