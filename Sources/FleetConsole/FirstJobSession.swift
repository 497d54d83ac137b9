import BusAPI
import JSON
public import Telemetry

/// Shows how a model's windows come in, has it trained once there are enough, and follows the job to its end.
public struct FirstJobSession {
    private let client: FleetClient
    private let now: @Sendable () -> Double
    private let say: @Sendable (String) -> Void
    private let show: (JobProgress) -> Void

    /// - Parameters:
    ///   - say: prints a line.
    ///   - show: shows how far the job is.
    public init(
        client: FleetClient, now: @escaping @Sendable () -> Double, say: @escaping @Sendable (String) -> Void,
        show: @escaping (JobProgress) -> Void
    ) {
        self.client = client
        self.now = now
        self.say = say
        self.show = show
    }

    private enum Event: Sendable {
        case messages([BusMessage])
        case tick
        case closed
    }

    /// - Returns: what the job came to, "version 1".
    /// - Throws: ``FleetConsoleError`` where the job fails, or nobody takes it.
    public func run(_ machine: FirstJob) async throws -> String {
        var machine = machine
        let topics = client.topics
        let subscription = try await client.subscribe(to: [
            BusFilter(topics.filter("status", "cloud-distiller", "+")),
            BusFilter(topics.filter("job", "+", "progress")),
        ])
        defer { subscription.cancel() }
        let (events, source) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(10_000))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await batch in subscription { source.yield(.messages(batch)) }
                source.yield(.closed)
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .milliseconds(250))
                    source.yield(.tick)
                }
            }
            defer { group.cancelAll() }
            var requested: (message: BusMessage, at: Double)?
            for await event in events {
                switch event {
                case .closed: throw FleetConsoleError(.failed, "the connection to \(client.address) was closed")
                case .messages(let messages): for message in messages { note(message, &machine) }
                case .tick:
                    for action in machine.advance(now: now()) {
                        switch action {
                        case .say(let text): say(text)
                        case .show(let progress): show(progress)
                        case .request(let request):
                            say("asking for job \(request.id)")
                            let message = BusMessage(
                                topic: topics.string(.jobRequest), payload: request.payload,
                                contentType: "application/json")
                            try await client.bus.publish(message)
                            requested = (message, now())
                        case .done(let version): return version
                        case .fail(let reason): throw FleetConsoleError(.failed, reason)
                        }
                    }
                    if let asked = requested, machine.unanswered, now() - asked.at > 10 {
                        throw FleetConsoleError(
                            .timedOut,
                            "no distiller took the job within 10 s: is cloud-distiller running on this broker?")
                    }
                }
            }
            throw CancellationError()
        }
    }

    private func note(_ message: BusMessage, _ machine: inout FirstJob) {
        guard !message.payload.isEmpty else { return }
        // What cannot be read says nothing.
        switch client.topics.parse(message.topic) {
        case .status: if let status = try? StatusMessage(payload: message.payload) { machine.take(status) }
        case .jobProgress:
            if let progress = try? JobProgress(payload: message.payload) {
                machine.take(progress, isRetained: message.retained)
            }
        default: break
        }
    }
}
