import Testing

@testable import MetricsAggregation

@Suite("Making alerts of readings")
struct AlertGateTests {
    private var gate = AlertGate(resolveAfter: 60, perHour: 3)

    /// Takes a reading a second by a rule, and returns what changed and when.
    private mutating func run(
        _ seconds: Range<Int>, _ reading: (Int) -> AlertGate.Reading
    ) -> [(second: Int, change: AlertGate.Change)] {
        seconds.compactMap { second in
            gate.take(reading(second), now: Double(second))
            return gate.look(now: Double(second)).map { (second, $0) }
        }
    }

    @Test("What is bad for long enough is raised once, and what is good for long enough resolves it once")
    mutating func once() {
        let changes = run(0..<1000) { (100..<500).contains($0) ? .bad(after: 30) : .good }
        #expect(changes.map(\.second) == [130, 560])
        #expect(changes.map(\.change) == [.raised, .resolved])
        #expect(gate.since == 130)
    }

    @Test("Readings that flap faster than the hold times raise nothing, and resolve nothing that stands")
    mutating func flapping() {
        #expect(run(0..<1000) { $0 % 20 < 10 ? .bad(after: 30) : .good }.isEmpty)
        #expect(run(1000..<1100) { _ in .bad(after: 30) }.map(\.change) == [.raised])
        #expect(run(1100..<5000) { $0 % 20 < 10 ? .bad(after: 30) : .good }.isEmpty)
        #expect(run(5000..<5100) { _ in .good }.map(\.change) == [.resolved])
    }

    @Test("Between the thresholds everything stays as it is, and what was coming begins anew")
    mutating func between() {
        #expect(run(0..<25) { _ in .bad(after: 30) }.isEmpty)
        #expect(run(25..<30) { _ in .unclear }.isEmpty)
        #expect(run(30..<200) { _ in .bad(after: 30) }.map(\.second) == [60])
        #expect(run(200..<2000) { _ in .unclear }.isEmpty && gate.isRaised)
    }

    @Test("Slow flapping resolves it a few times an hour at most, and then it stays raised")
    mutating func bounded() {
        // Bad and good for five minutes each: twelve changes an hour without the bound.
        let changes = run(0..<4 * 3600) { $0 % 600 < 300 ? .bad(after: 30) : .good }
        for hour in 0..<4 {
            let within = changes.filter { $0.second / 3600 == hour }
            #expect(within.count { $0.change == .resolved } <= 3 && within.count <= 7, "hour \(hour): \(within)")
        }
        #expect(changes.count { $0.change == .resolved } >= 9)
        // Nothing is kept from ending for good.
        #expect(run(4 * 3600..<6 * 3600) { _ in .good }.count <= 1 && !gate.isRaised)
    }

    @Test("What is worse may be raised sooner")
    mutating func sooner() {
        #expect(run(0..<50) { _ in .bad(after: 900) }.isEmpty)
        #expect(run(50..<60) { _ in .bad(after: 0) }.map(\.second) == [50])
    }

    @Test("An alert that stood before a restart stands on, and only what is good resolves it")
    mutating func restored() {
        gate.restore(since: 7)
        #expect(gate.isRaised && gate.since == 7)
        #expect(run(100..<200) { _ in .bad(after: 0) }.isEmpty, "it is not raised again")
        #expect(run(200..<400) { _ in .good }.map(\.second) == [260])
    }

    @Test("A clock that goes back raises nothing early")
    mutating func clock() {
        gate.take(.bad(after: 30), now: 1000)
        gate.take(.bad(after: 30), now: 500)
        #expect(gate.look(now: 520) == nil)
        #expect(gate.look(now: 530) == .raised)
    }
}
