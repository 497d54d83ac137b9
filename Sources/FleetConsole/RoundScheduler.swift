public import Telemetry

/// Decides when the training rounds of `retort up --rounds` are asked for, and when they are over.
///
/// Round 1 starts when every recording has played once, round n + 1 when version n has run on every edge for one full
/// pass of the recordings and has been scored. A synchronous state machine: feed it what the fleet shows, do what it says.
public struct RoundScheduler: Sendable {
    /// What the fleet shows.
    public struct Observation: Sendable, Equatable {
        /// Full passes that the simulator has made over all its recordings.
        public var passes: Int
        /// Wall seconds of one pass, where the simulator tells.
        public var passSeconds: Double?
        /// Version running on each edge; nothing where it runs none.
        public var running: [EdgeID: Int?]
        /// Scored decisions by version.
        public var scored: [Int: Int]
        /// The last progress of each job by its id.
        public var jobs: [String: JobProgress]

        public init(
            passes: Int = 0, passSeconds: Double? = nil, running: [EdgeID: Int?] = [:], scored: [Int: Int] = [:],
            jobs: [String: JobProgress] = [:]
        ) {
            self.passes = passes
            self.passSeconds = passSeconds
            self.running = running
            self.scored = scored
            self.jobs = jobs
        }
    }

    /// What to do next.
    public enum Action: Sendable, Equatable {
        case request(JobRequest)
        case finish
        case fail(reason: String)
    }

    /// Where the pass's length is unknown, so many scored decisions count as a full score.
    static let scoredAtLeast = 200
    /// Requests are repeated until a distiller accepts them.
    static let repeatSeconds = 5.0

    public let model: String
    public let rounds: Int
    private let edges: Int
    private let prefix: String
    private var round = 1
    private var requested: Double?
    private var everywhereSince: Double?
    private var isOver = false

    /// - Parameters:
    ///   - model: the task's name.
    ///   - rounds: how many versions are wanted, at least one.
    ///   - edges: how many edges must run a version.
    ///   - prefix: what the jobs' ids begin with, unique to this run.
    public init(model: String, rounds: Int, edges: Int, prefix: String) {
        precondition(rounds > 0 && edges > 0, "at least one round on one edge")
        self.model = model
        self.rounds = rounds
        self.edges = edges
        self.prefix = prefix
    }

    /// The round under way, for status lines.
    public var currentRound: Int { round }

    private var jobID: String { jobID(of: round) }

    /// Names the job of a round.
    public func jobID(of round: Int) -> String { "\(prefix)-\(round)" }

    /// The next thing to do, if any; call it about once a second.
    public mutating func advance(_ fleet: Observation, now: Double) -> Action? {
        guard !isOver else { return nil }
        if let job = fleet.jobs[jobID], job.phase == .failed {
            isOver = true
            return .fail(reason: "job \(jobID) failed: \(job.reason ?? "no reason given")")
        }
        if runs(round, on: fleet) {
            let since = everywhereSince ?? now
            everywhereSince = since
            guard isScored(fleet, since: since, now: now) else { return nil }
            if round == rounds {
                isOver = true
                return .finish
            }
            round += 1
            everywhereSince = nil
            return request(now)
        }
        guard round > 1 || fleet.passes > 0, fleet.jobs[jobID] == nil else { return nil }
        if let requested, now - requested < Self.repeatSeconds { return nil }
        return request(now)
    }

    private mutating func request(_ now: Double) -> Action {
        requested = now
        return .request(
            JobRequest(t: now, id: jobID, model: model, base: round > 1 ? round - 1 : nil, seed: round))
    }

    private func runs(_ version: Int, on fleet: Observation) -> Bool {
        fleet.running.count >= edges && fleet.running.values.allSatisfy { ($0 ?? 0) >= version }
    }

    private func isScored(_ fleet: Observation, since: Double, now: Double) -> Bool {
        let scored = fleet.scored[round] ?? 0
        guard let passSeconds = fleet.passSeconds else { return scored >= Self.scoredAtLeast }
        // Truth for a block comes when the block ends; two seconds more for the joins.
        return scored > 0 && now - since >= passSeconds + 2
    }
}
