import BusAPI
public import Telemetry

/// A training job that is asked for, and followed to its end.
public struct JobOrder: Sendable {
    /// How a job ended.
    public enum Outcome: Sendable, Equatable {
        case done(JobProgress)
        case failed(JobProgress)
        /// A distiller has it; nobody waited for its end.
        case taken(JobProgress)

        public var progress: JobProgress {
            switch self {
            case .done(let progress), .failed(let progress), .taken(let progress): progress
            }
        }
    }

    /// What to ask for; nothing to follow a job that somebody else asked for.
    private let request: JobRequest?
    private let id: String
    private let client: FleetClient

    /// - Parameter request: what to ask for.
    public init(_ request: JobRequest, client: FleetClient) {
        self.request = request
        id = request.id
        self.client = client
    }

    /// - Parameter id: of a job that was asked for before.
    public init(following id: String, client: FleetClient) {
        request = nil
        self.id = id
        self.client = client
    }

    private enum Event: Sendable {
        case messages([BusMessage])
        case ask
        case over
        case closed
    }

    /// Asks until a distiller answers, and with `waits` stays until the job is over.
    ///
    /// - Parameters:
    ///   - answerLimit: how long a distiller may take to answer.
    ///   - limit: how long the job may take; nothing waits without end.
    ///   - show: told of all that is heard of the job.
    /// - Throws: ``FleetConsoleError`` `.timedOut` where no distiller answers, `.unfinished` where the limit is over first,
    ///   `.failed` where a distiller refuses the request itself.
    public func run(
        waits: Bool, answerLimit: Duration, limit: Duration? = nil, show: @escaping (JobProgress) -> Void
    ) async throws -> Outcome {
        let topics = client.topics
        let (progress, rejects) = (
            topics.string(.jobProgress(id: id)), topics.string(.reject(executable: "cloud-distiller"))
        )
        let summary = topics.string(.fleetSummary)
        let subscription = try await client.subscribe(to: [progress, rejects, summary].map { BusFilter($0) })
        defer { subscription.cancel() }
        let (events, source) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingOldest(100_000))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await batch in subscription { source.yield(.messages(batch)) }
                source.yield(.closed)
            }
            group.addTask {
                let clock = ContinuousClock()
                let start = clock.now
                while clock.now - start < limit ?? .seconds(1 << 40) {
                    source.yield(.ask)
                    try await Task.sleep(for: min(.seconds(2), limit ?? .seconds(2)))
                }
                source.yield(.over)
            }
            defer { group.cancelAll() }
            let started = ContinuousClock.now
            var last: JobProgress?
            for await event in events {
                switch event {
                case .closed: throw FleetConsoleError(.failed, "the connection to \(client.address) was closed")
                case .over: throw Self.unfinished(id, last)
                case .ask:
                    guard last == nil else { continue }
                    guard ContinuousClock.now - started < answerLimit else { throw unanswered }
                    if let request {
                        try await client.bus.publish(
                            BusMessage(
                                topic: topics.string(.jobRequest), payload: request.payload,
                                contentType: "application/json"))
                    }
                case .messages(let messages):
                    for message in messages where !message.payload.isEmpty {
                        if message.topic == rejects { try refuse(message) }
                        guard let news = message.topic == progress ? Self.progress(message) : remembered(message, last)
                        else { continue }
                        last = news
                        show(news)
                        switch news.phase {
                        case .done: return .done(news)
                        case .failed: return .failed(news)
                        default: if !waits { return .taken(news) }
                        }
                    }
                }
            }
            throw CancellationError()
        }
    }

    private static func progress(_ message: BusMessage) -> JobProgress? { try? JobProgress(payload: message.payload) }

    /// What the aggregator remembers of the job: all there is of one that ended before anybody listened.
    private func remembered(_ message: BusMessage, _ last: JobProgress?) -> JobProgress? {
        guard request == nil, last == nil || last?.distiller.isEmpty == true,
            let summary = try? FleetSummary(payload: message.payload), let job = summary.jobs[id]
        else { return nil }
        return JobProgress(
            t: summary.t, id: id, model: job.model, distiller: "", phase: job.phase, fraction: job.fraction,
            secondsLeft: job.secondsLeft)
    }

    private func refuse(_ message: BusMessage) throws {
        guard request != nil, let reject = try? RejectMessage(payload: message.payload),
            reject.topic == client.topics.string(.jobRequest), reject.reason.contains(id) || reject.code == "malformed"
        else { return }
        throw FleetConsoleError(.failed, "the distiller refuses the job: \(reject.reason)")
    }

    private var unanswered: FleetConsoleError {
        request == nil
            ? FleetConsoleError(.notFound, "nothing is heard of a job \"\(id)\"; `retort jobs --all` lists those known")
            : FleetConsoleError(
                .timedOut,
                "no distiller took the job: is cloud-distiller running on this broker? `retort doctor` says who is")
    }

    private static func unfinished(_ id: String, _ last: JobProgress?) -> FleetConsoleError {
        let state = last.map { " (\($0.phase.rawValue), \(Quantity.percent($0.fraction)))" } ?? ""
        return FleetConsoleError(
            .unfinished, "job \(id) is not over yet\(state); it goes on: `retort job follow \(id)`")
    }
}
