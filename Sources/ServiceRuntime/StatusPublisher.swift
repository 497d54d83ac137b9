import BusAPI
import JSON
import Logging
public import ServiceLifecycle
import Telemetry

/// Publishes a process's status, retained: at start, on every connection, and every few seconds where it changed,
/// and at once where a service asks for it.
public actor StatusPublisher: Service {
    private let context: ServiceContext
    private let identity: ServiceIdentity
    private let interval: Duration
    private var last: StatusMessage?
    /// Of our own, left out of the count so that a status does not change by being published.
    private var published = 0

    public init(_ context: ServiceContext, _ identity: ServiceIdentity, interval: Duration = .seconds(5)) {
        self.context = context
        self.identity = identity
        self.interval = interval
    }

    public func run() async {
        let states = context.bus.states()
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask {
                    // A broker may have lost what was retained.
                    for await state in states where state == .connected { await self.publish(evenUnchanged: true) }
                }
                group.addTask {
                    while true {
                        do { try await Task.sleep(for: self.interval) } catch { return }
                        await self.publish()
                    }
                }
                group.addTask {
                    for await _ in self.context.board.urgent { await self.publish() }
                }
                await group.waitForAll()
            }
        }
    }

    /// Publishes the status unless it is what was published last.
    public func publish(evenUnchanged: Bool = false) async {
        var message = status()
        if let last, !evenUnchanged {
            message.t = last.t
            guard message != last else { return }
            message.t = context.now()
        }
        do {
            try await context.publish(
                message, on: .status(executable: identity.executable, instance: identity.instance), retained: true)
            last = message
            published += 1
        } catch {
            // The next connection brings it.
            context.logger.debug("The status was not published", metadata: ["error": "\(error)"])
        }
    }

    private func status() -> StatusMessage {
        let bus = context.bus.statistics
        var counters = context.board.counters
        for name in ["late", "resent", "rejected"] where counters[name] == nil { counters[name] = 0 }
        if counters["received"] == nil { counters["received"] = bus.received }
        if counters["published"] == nil { counters["published"] = bus.published - published }
        counters["dropped", default: 0] += bus.dropped
        counters["reconnects"] = bus.reconnects
        return StatusMessage(
            t: context.now(), session: identity.session, boot: identity.boot, version: ServiceIdentity.version,
            host: identity.host, started: identity.started, counters: counters, details: context.board.details)
    }
}
