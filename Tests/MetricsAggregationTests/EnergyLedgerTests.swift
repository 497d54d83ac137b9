import Telemetry
import Testing

@testable import MetricsAggregation

@Suite struct EnergyLedgerTests {
    let edge = EdgeID(site: "home", edge: "gw-1")
    let one = VersionKey(model: 0, version: 1)
    let two = VersionKey(model: 0, version: 2)

    private func decider(_ version: VersionKey, device: Int32 = 9) -> EnergyLedger.Decider {
        EnergyLedger.Decider(version: version, device: device)
    }

    @Test("Joules per inference come from the difference of two messages")
    func difference() throws {
        var ledger = EnergyLedger()
        _ = try ledger.take(Fixture.energy(0, inferences: 100, ["compute": 5]), edge: edge)
        for _ in 0..<8 { ledger.decided(edge, decider(one)) }
        let use = try ledger.take(
            Fixture.energy(10, inferences: 110, ["compute": 6, "radio.uploads": 2]), edge: edge)
        let figure = try #require(use?.byVersion[one]?.joulesPerInference)
        #expect(abs(figure.value - 0.3) < 1e-12)
        #expect(figure.includes == ["compute", "radio.uploads"])
        #expect(abs(try #require(figure.compute) - 0.1) < 1e-12)
        #expect(figure.method == .modelled)
        #expect(figure.low < figure.value && figure.value < figure.high)
    }

    @Test("A message that comes again, or late, adds nothing")
    func duplicates() throws {
        var ledger = EnergyLedger()
        _ = try ledger.take(Fixture.energy(0, inferences: 0, ["compute": 1]), edge: edge)
        ledger.decided(edge, decider(one))
        let later = Fixture.energy(10, inferences: 1, ["compute": 2])
        #expect(try ledger.take(later, edge: edge)?.whole.joules["compute"]?.value == 1)
        ledger.decided(edge, decider(one))
        #expect(try ledger.take(later, edge: edge) == nil)
        #expect(try ledger.take(Fixture.energy(5, inferences: 1, ["compute": 1.5]), edge: edge) == nil)
        #expect(ledger.totals["compute"]?.value == 2)
    }

    @Test("After a new boot the counters begin at zero")
    func reboot() throws {
        var ledger = EnergyLedger()
        _ = try ledger.take(Fixture.energy(0, inferences: 100, ["compute": 50]), edge: edge)
        ledger.decided(edge, decider(one))
        let use = try ledger.take(Fixture.energy(10, boot: "b", inferences: 4, ["compute": 2]), edge: edge)
        #expect(use?.byVersion[one]?.metered == 4)
        #expect(use?.byVersion[one]?.joulesPerInference?.value == 0.5)
        #expect(ledger.totals["compute"]?.value == 52)
    }

    @Test("Two versions share by their decisions, and the split is apportioned at best")
    func shares() throws {
        var ledger = EnergyLedger()
        _ = try ledger.take(Fixture.energy(0, inferences: 0, ["compute": 0], method: .measured), edge: edge)
        for _ in 0..<3 { ledger.decided(edge, decider(one)) }
        ledger.decided(edge, decider(two, device: 8))
        let taken = try ledger.take(
            Fixture.energy(10, inferences: 4, ["compute": 8], method: .measured), edge: edge)
        let use = try #require(taken)
        #expect(use.byVersion[one]?.joules["compute"]?.value == 6)
        #expect(use.byVersion[two]?.joules["compute"]?.value == 2)
        #expect(use.byVersion[two]?.joulesPerInference?.method == .apportioned)
        #expect(use.whole.joules["compute"]?.method == .measured)
        let device = use.byDevice.first { $0.device == 8 }
        #expect(device?.tally.joules["compute"]?.value == 2 && device?.tally.metered == 1)
    }

    @Test("The whole board is no part of the sum, but of the totals")
    func wholes() throws {
        var ledger = EnergyLedger()
        _ = try ledger.take(Fixture.energy(0, inferences: 0, ["compute": 0, "host": 0]), edge: edge)
        ledger.decided(edge, decider(one))
        let use = try ledger.take(Fixture.energy(10, inferences: 1, ["compute": 1, "host": 500]), edge: edge)
        #expect(use?.byVersion[one]?.joulesPerInference?.value == 1)
        #expect(ledger.totals["host"]?.value == 500)
    }

    @Test("Absurd joules are refused, and change nothing")
    func absurd() throws {
        var ledger = EnergyLedger()
        #expect(throws: JoinRefusal.self) {
            _ = try ledger.take(Fixture.energy(0, inferences: 0, ["compute": 1e300]), edge: edge)
        }
        #expect(throws: JoinRefusal.self) {
            _ = try ledger.take(Fixture.energy(0, inferences: -1, ["compute": 1]), edge: edge)
        }
        #expect(ledger.edges.isEmpty)
    }
}
