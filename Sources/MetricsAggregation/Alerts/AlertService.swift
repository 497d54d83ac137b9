import BusAPI
import JSON
import Logging
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import Telemetry

/// Publishes alerts, made of what is retained on the bus alone: it works beside a join that is behind, or does not run.
struct AlertService: Service {
    /// Messages held while they are looked at; a large fleet's status comes all at once.
    private static let queueLimit = 65_536

    let context: ServiceContext
    let edges: EdgeGauges
    let fleet: FleetGauges
    private let book: SharedBook

    init(settings: AlertSettings, context: ServiceContext, edges: EdgeGauges, fleet: FleetGauges) {
        self.context = context
        self.edges = edges
        self.fleet = fleet
        book = SharedBook(AlertBook(settings: settings))
        let book = book
        context.metrics.collect { book.families }
    }

    func run() async throws {
        let subscription: BusSubscription
        do {
            // Without a broker this waits for one, also when the process is to end.
            subscription = try await cancelWhenGracefulShutdown {
                try await context.bus.subscribe(
                    to: AlertBook.filters(context.topics), limit: Self.queueLimit, overflow: .dropOldest)
            }
        } catch {
            if Task.isShuttingDownGracefully { return }
            throw error
        }
        await withTaskGroup { group in
            group.addTask { await watchBroker() }
            group.addTask {
                for await batch in subscription.cancelOnGracefulShutdown() {
                    for message in batch { await take(message) }
                }
                subscription.cancel()
            }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    let interval = book.withLock { $0.settings.lookInterval }
                    while !Task.isCancelled {
                        await look()
                        // Only cancellation interrupts the sleep.
                        do { try await Task.sleep(for: interval) } catch { return }
                    }
                }
            }
        }
    }

    /// A broker that restarted may have lost what it retained; the connection that there is now has lost nothing.
    private func watchBroker() async {
        var wasLost = false
        for await state in context.bus.states().cancelOnGracefulShutdown() {
            if state == .connected, wasLost { book.withLock { $0.repeatStanding() } }
            wasLost = state != .connected
        }
    }

    /// Takes one message; what cannot be read is refused by whoever else reads it.
    func take(_ message: BusMessage) async {
        guard let topic = context.topics.parse(message.topic) else { return }
        let now = context.now()
        do throws(JSONError) {
            try edges.take(topic, message.payload)
            try fleet.take(topic, message.payload)
            // Not within a closure: it would lose the type of what is thrown.
            if let fault = book.withLock({ book -> JSONError? in
                do throws(JSONError) { try book.take(topic, message, now: now) } catch { return error }
                return nil
            }) {
                throw fault
            }
        } catch {
            context.board.count("alertsUnread")
            context.logger.debug(
                "a message says nothing to alerts",
                metadata: [AggregatorLogKeys.topics: "\(message.topic)", AggregatorLogKeys.error: "\(error)"])
        }
    }

    /// Looks at what time has changed, and says what is to be said.
    func look() async {
        let now = context.now()
        let pending = book.withLock { book in
            book.look(now: now)
            return book.pending
        }
        for (alert, message) in pending.sorted(by: { $0.key < $1.key }) {
            do throws(BusError) {
                try await context.publish(message, on: .alert(alert), retained: message.state == .raised)
                if message.state == .resolved { try await context.clear(.alert(alert)) }
            } catch {
                // The next look tries again.
                context.logger.debug("an alert was not published", metadata: [AggregatorLogKeys.error: "\(error)"])
                return
            }
            book.withLock { $0.said(alert, message) }
            if message.state == .raised {
                context.logger.warning(
                    "an alert was raised",
                    metadata: [AggregatorLogKeys.alert: "\(alert)", AggregatorLogKeys.reason: "\(message.message)"])
            } else {
                context.logger.info("an alert was resolved", metadata: [AggregatorLogKeys.alert: "\(alert)"])
            }
        }
    }
}

/// The book that the loops and `/metrics` share.
private final class SharedBook: Sendable {
    private let state: Mutex<AlertBook>

    init(_ book: AlertBook) { state = Mutex(book) }

    func withLock<Result: Sendable>(_ body: (inout AlertBook) -> Result) -> Result { state.withLock { body(&$0) } }

    var families: [MetricFamily] {
        let (standing, raised, resolved, refused) = state.withLock {
            ($0.standing, $0.raised, $0.resolved, $0.refused)
        }
        var alerts = MetricFamily(
            MetricDefinition(.gauge, "retort_alerts", "Alerts that stand on alert/, by kind"))
        var changes = MetricFamily(
            MetricDefinition(.counter, "retort_alert_changes", "Alerts raised and resolved, by kind and state"))
        for kind in AlertID.Kind.allCases {
            alerts.add(Double(standing[kind] ?? 0), ["kind": kind.rawValue])
            changes.add(Double(raised[kind] ?? 0), ["kind": kind.rawValue, "state": "raised"])
            changes.add(Double(resolved[kind] ?? 0), ["kind": kind.rawValue, "state": "resolved"])
        }
        return [
            alerts, changes,
            MetricFamily(
                MetricDefinition(.counter, "retort_alerts_refused", "Alerts left out because there are too many"),
                Double(refused)),
        ]
    }
}
