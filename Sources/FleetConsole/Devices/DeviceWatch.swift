import BusAPI
import JSON
import Synchronization
public import Telemetry

/// Shows one device: once, or for as long as the task runs.
public struct DeviceWatch: Sendable {
    private let client: FleetClient
    private let now: @Sendable () -> Double
    private let say: @Sendable (String) -> Void

    /// - Parameter say: prints a line.
    public init(
        client: FleetClient, now: @escaping @Sendable () -> Double, say: @escaping @Sendable (String) -> Void
    ) {
        self.client = client
        self.now = now
        self.say = say
    }

    /// The device that a person named.
    ///
    /// - Throws: ``FleetConsoleError`` `.notFound` that lists the near ones.
    public func report(on name: String) async throws -> DeviceReport {
        let fleet = try await client.fleet(now: now())
        let known = Set(fleet.devices.keys).union(fleet.facts.keys)
        return DeviceReport(try NameMatch.device(name, amongst: known), in: fleet, now: now())
    }

    /// Follows the device until the task is cancelled: a picture on a terminal; elsewhere, and as JSON, a line a decision.
    public func follow(_ device: DeviceID, asJSON: Bool, terminal: Terminal = Terminal()) async throws {
        let view = FleetView(topics: client.topics)
        let decisions = BusFilter(client.topics.filter("inference", device.site, device.device, "+"))
        let subscription = try await client.subscribe(to: view.filters + [decisions])
        defer { subscription.cancel() }
        let draws = terminal.isTerminal && !asJSON
        let live = Live(view)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await batch in subscription {
                    for message in batch {
                        live.ingest(message, now: now())
                        guard let decision = decision(message, of: device) else { continue }
                        if draws {
                            live.append(decision.line)
                        } else {
                            say(asJSON ? decision.json.text : decision.line.text)
                        }
                    }
                }
                try Task.checkCancellation()
                throw FleetConsoleError(.failed, "the connection to \(client.address) was closed")
            }
            if draws {
                group.addTask {
                    var screen = LiveScreen(terminal)
                    defer { screen.close() }
                    while true {
                        try await Task.sleep(for: .milliseconds(500))
                        let state = live.now
                        let report = DeviceReport(device, in: state.view, now: now())
                        screen.draw(report.lines + [StyledLine("last decisions", .bold)] + state.last)
                    }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// What receiving and drawing share.
    private final class Live: Sendable {
        struct State: Sendable {
            var view: FleetView
            /// Decisions, the last first.
            var last: [StyledLine] = []
        }

        private let state: Mutex<State>
        init(_ view: FleetView) { state = Mutex(State(view: view)) }
        var now: State { state.withLock { $0 } }

        func ingest(_ message: BusMessage, now: Double) { state.withLock { $0.view.ingest(message, now: now) } }
        func append(_ decision: StyledLine) { state.withLock { $0.last = [decision] + $0.last.prefix(7) } }
    }

    /// A decision on the device; nothing where the message is none.
    private func decision(_ message: BusMessage, of device: DeviceID) -> (line: StyledLine, json: JSONValue)? {
        guard case .inference(device, let model)? = client.topics.parse(message.topic),
            let inference = try? InferenceMessage(payload: message.payload)
        else { return nil }
        var object: JSONObject = [
            "site": .string(device.site), "device": .string(device.device), "model": .string(model),
        ]
        for (key, value) in inference.json.object ?? [:] { object[key] = value }
        var line = StyledLine("  \(model) v\(inference.version)  ")
        switch inference.decision {
        case .label(let label, _, let confidence):
            line.append(label, .accent)
            line.append(" (\(Quantity.percent(confidence)))")
        case .value(let value, let unit, let deviation):
            line.append("\(Quantity.number(value)) \(unit)", .accent)
            if let deviation { line.append(" ± \(Quantity.number(deviation))") }
        case .heads(let heads):
            line.append(heads.map { "\($0.head)=\($0.label)" }.joined(separator: " "), .accent)
        }
        line.append("  by \(inference.decidedBy.rawValue), \(Quantity.number(inference.latencyMicroseconds)) µs")
        return (line, .object(object))
    }
}
