import BusAPI
import SystemPackage
import Telemetry

/// Follows a running cluster for `retort up`: shows it, asks for the rounds, and makes the report.
public struct UpSession: Sendable {
    /// How the rounds ended.
    public enum Outcome: Sendable, Equatable {
        case finished(FleetReport)
        /// Nothing more to do; only a person ends the run.
        case failed(String)
    }

    /// What the rounds are of; nothing follows the cluster until it is stopped.
    public struct Rounds: Sendable {
        public var model: String
        public var count: Int
        /// Seconds after which the run fails.
        public var timeout: Double
        /// Whether the run ends with the last round, or goes on being shown.
        public var endsRun: Bool

        public init(model: String, count: Int, timeout: Double, endsRun: Bool) {
            self.model = model
            self.count = count
            self.timeout = timeout
            self.endsRun = endsRun
        }
    }

    private let cluster: LocalCluster.Running
    private let edges: Int
    private let rounds: Rounds?
    private let now: @Sendable () -> Double
    private let started: Double

    /// - Parameter started: wall time at which the command began, Unix seconds.
    public init(
        cluster: LocalCluster.Running, edges: Int, rounds: Rounds?, started: Double,
        now: @escaping @Sendable () -> Double
    ) {
        self.cluster = cluster
        self.edges = edges
        self.rounds = rounds
        self.now = now
        self.started = started
    }

    private enum Event: Sendable {
        case messages([BusMessage])
        case tick
    }

    /// Follows the cluster until the rounds are over, the time is, or the task is cancelled.
    public func follow() async throws -> Outcome {
        var fleet = FleetView(topics: cluster.topics)
        var screen = FleetScreen()
        var trend = FleetTrend()
        defer { screen.close() }
        var scheduler = rounds.map {
            RoundScheduler(model: $0.model, rounds: $0.count, edges: edges, prefix: "round-\(Int(started))")
        }
        var isReported = false
        let subscription = try await cluster.bus.subscribe(
            to: fleet.filters, limit: 20_000, overflow: .dropOldest)
        let firstInference = try await cluster.bus.subscribe(
            to: [BusFilter(cluster.topics.filter("inference", "+", "+", "+"))], limit: 16, overflow: .dropNewest)
        defer {
            subscription.cancel()
            firstInference.cancel()
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let events = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(100_000))
            group.addTask { for await batch in subscription { events.continuation.yield(.messages(batch)) } }
            group.addTask {
                for await batch in firstInference {
                    events.continuation.yield(.messages(Array(batch.prefix(1))))
                    firstInference.cancel()
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(500))
                    events.continuation.yield(.tick)
                }
            }
            defer { group.cancelAll() }
            for await event in events.stream {
                switch event {
                case .messages(let messages):
                    for message in messages { fleet.ingest(message, now: now()) }
                    if let summary = fleet.summary { trend.take(summary) }
                case .tick:
                    let time = now()
                    let elapsed = time - started
                    if let rounds, var rules = scheduler {
                        let action = rules.advance(fleet.observation(of: rounds.model), now: time)
                        scheduler = rules
                        switch action {
                        case .request(let job): try await request(job, screen: &screen)
                        case .fail(let reason): return .failed(reason)
                        case .finish:
                            let report = report(on: fleet, rounds: rounds, scheduler: rules)
                            if rounds.endsRun { return .finished(report) }
                            isReported = true
                            screen.say("\n" + report.text + "\n")
                        case nil: break
                        }
                        if !isReported, elapsed > rounds.timeout {
                            return .failed(
                                "round \(rules.currentRound) was not over after \(Quantity.seconds(rounds.timeout)); "
                                    + "the logs are in \(cluster.state.appending("logs").string)")
                        }
                    }
                    screen.draw(
                        fleet, trend, note: note(fleet, scheduler, isReported), elapsed: elapsed, now: time)
                }
            }
            throw CancellationError()
        }
    }

    private func report(on fleet: FleetView, rounds: Rounds, scheduler: RoundScheduler) -> FleetReport {
        FleetReport(
            of: rounds.model, in: fleet, started: started, now: now(),
            jobs: Dictionary(uniqueKeysWithValues: (1...rounds.count).map { ($0, scheduler.jobID(of: $0)) }))
    }

    private func request(_ job: JobRequest, screen: inout FleetScreen) async throws {
        let base = job.base.map { ", warm-started on version \($0)" } ?? ""
        screen.say("asking for job \(job.id)\(base)")
        try await cluster.bus.publish(
            .init(topic: cluster.topics.string(.jobRequest), payload: job.payload))
    }

    private func note(_ fleet: FleetView, _ scheduler: RoundScheduler?, _ isReported: Bool) -> String {
        guard let scheduler, let rounds, !isReported else { return cluster.brokerURL }
        let observation = fleet.observation(of: rounds.model)
        if scheduler.currentRound == 1, observation.passes == 0, observation.jobs.isEmpty {
            return "round 1 of \(rounds.count) starts when every recording has played once"
        }
        return "round \(scheduler.currentRound) of \(rounds.count)"
    }
}
