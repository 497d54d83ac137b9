import Telemetry
import Testing

@testable import FleetConsole

@Suite("Rounds of an unattended run")
struct RoundSchedulerTests {
    private let north = EdgeID(site: "north", edge: "gw-north")
    private let south = EdgeID(site: "south", edge: "gw-south")

    private func scheduler(rounds: Int) -> RoundScheduler {
        RoundScheduler(model: "activity", rounds: rounds, edges: 2, prefix: "round")
    }

    private func progress(_ id: String, _ phase: JobProgress.Phase, reason: String? = nil) -> JobProgress {
        JobProgress(
            t: 1_760_000_000, id: id, model: "activity", distiller: "d", phase: phase, fraction: 0, reason: reason)
    }

    @Test("Nothing is asked for before every recording has played once")
    func waitsForTheFirstPass() {
        var rounds = scheduler(rounds: 1)
        #expect(rounds.advance(.init(passes: 0), now: 0) == nil)
        guard case .request(let job) = rounds.advance(.init(passes: 1), now: 1) else {
            Issue.record("no job was asked for")
            return
        }
        #expect(job.base == nil)
        #expect(job.id == "round-1")
    }

    @Test("A request is repeated until a distiller takes it, and not after")
    func repeats() {
        var rounds = scheduler(rounds: 1)
        #expect(rounds.advance(.init(passes: 1), now: 0) != nil)
        #expect(rounds.advance(.init(passes: 1), now: 1) == nil)
        #expect(rounds.advance(.init(passes: 1), now: 6) != nil)
        let taken = RoundScheduler.Observation(passes: 1, jobs: ["round-1": progress("round-1", .teacher)])
        #expect(rounds.advance(taken, now: 20) == nil)
    }

    @Test("Round 2 starts from version 1 once it ran everywhere for a whole pass and was scored")
    func secondRound() {
        var rounds = scheduler(rounds: 2)
        _ = rounds.advance(.init(passes: 1), now: 0)
        var fleet = RoundScheduler.Observation(
            passes: 1, passSeconds: 54, running: [north: 1, south: nil], scored: [1: 10],
            jobs: ["round-1": progress("round-1", .done)])
        #expect(rounds.advance(fleet, now: 10) == nil)
        fleet.running[south] = 1
        #expect(rounds.advance(fleet, now: 11) == nil)
        #expect(rounds.advance(fleet, now: 60) == nil)
        guard case .request(let job) = rounds.advance(fleet, now: 67.1) else {
            Issue.record("no second job was asked for")
            return
        }
        #expect(job.base == 1)
        fleet.running = [north: 2, south: 2]
        fleet.scored[2] = 5
        #expect(rounds.advance(fleet, now: 90) == nil)
        #expect(rounds.advance(fleet, now: 147) == .finish)
        #expect(rounds.advance(fleet, now: 148) == nil)
    }

    @Test("A version that nobody scored does not end a round")
    func needsScores() {
        var rounds = scheduler(rounds: 1)
        let fleet = RoundScheduler.Observation(passes: 1, passSeconds: 5, running: [north: 1, south: 1])
        #expect(rounds.advance(fleet, now: 0) == nil)
        #expect(rounds.advance(fleet, now: 100) == nil)
    }

    @Test("A failed job ends the run with its reason")
    func failure() {
        var rounds = scheduler(rounds: 1)
        let fleet = RoundScheduler.Observation(
            passes: 1, jobs: ["round-1": progress("round-1", .failed, reason: "one class only")])
        #expect(rounds.advance(fleet, now: 0) == .fail(reason: "job round-1 failed: one class only"))
    }
}
