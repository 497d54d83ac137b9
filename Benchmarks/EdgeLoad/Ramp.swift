import BusAPI
import LoadTesting
import Telemetry

/// Loads an edge more and more, until it no longer keeps up.
struct Ramp {
    let bus: any MessageBus
    let topics: TopicSpace
    let devices: Int
    /// Messages a second to begin with.
    let first: Double
    /// Halvings of the interval between the highest rate that was sustained and the lowest that was not.
    let refinements = 2

    /// - Returns: every step in the order of its run.
    func run(_ subject: Subject, say: (Subject.Rates) -> Void) async throws -> [Subject.Rates] {
        let load = TelemetryLoad(bus: bus, root: topics, site: subject.site, devices: devices)
        let statuses = try await bus.subscribe(
            to: [BusFilter(topics.string(subject.status))], limit: 100, overflow: .dropOldest)
        defer { statuses.cancel() }
        var steps: [Subject.Rates] = []
        var number = 0
        var (sustained, failed, refined) = (0.0, Double.infinity, 0)
        var rate = first
        while true {
            let step: Subject.Rates
            (step, number) = try await measure(subject, load, statuses, rate: rate, from: number)
            say(step)
            steps.append(step)
            if step.isSustained { sustained = rate } else { failed = rate }
            if failed == .infinity {
                rate *= 2
            } else {
                guard refined < refinements else { break }
                // What a step left waiting must not count for the next.
                if !step.isSustained { try await Task.sleep(for: .seconds(6)) }
                refined += 1
                rate = (sustained + failed) / 2
            }
        }
        return steps
    }

    /// Loads for the time between two statuses of the subject; what was before the first is warming up.
    private func measure(
        _ subject: Subject, _ load: TelemetryLoad, _ statuses: BusSubscription, rate: Double, from first: Int
    ) async throws -> (Subject.Rates, next: Int) {
        return try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask { try await load.send(rate: rate, from: first) }
            func reading() async throws -> Subject.Reading {
                guard let message = await statuses.next()?.last else { throw BusError(.closed, "no status came") }
                let status = try StatusMessage(payload: message.payload)
                return Subject.Reading(
                    time: .now, counters: status.counters, usage: try ProcessUsage(of: subject.process),
                    sent: load.sent)
            }
            // The first that comes may be of a time before this load.
            _ = try await reading()
            let before = try await reading()
            let after = try await reading()
            group.cancelAll()
            let next = try await group.next() ?? first
            return (Subject.Rates(offered: rate, from: before, to: after), next)
        }
    }
}
