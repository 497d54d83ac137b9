import Testing

@testable import Energy

struct LedgerTests {
    @Test("A sum takes the weakest method among its parts and adds the bounds")
    func sum() throws {
        var ledger = EnergyLedger(boot: "b", since: 1)
        ledger.set(["host": EnergyFigure(value: 5, low: 5, high: 5, method: .measured, meter: "rapl")])
        ledger.add(EnergyFigure(value: 1, low: 0.5, high: 2, method: .modelled, profile: "wifi@1"), to: "radio.uploads")
        let sum = try #require(ledger.sum(of: ["host", "radio.uploads", "unknown"]))
        #expect(sum == EnergyFigure(value: 6, low: 5.5, high: 7, method: .modelled))
        #expect(ledger.sum(of: ["unknown"]) == nil)
    }

    @Test("A restarted process of the same boot goes on where it was")
    func restart() throws {
        var first = EnergyLedger(boot: "b", since: 1)
        first.set(["compute": DeviceProfile.x86Gateway1.compute(seconds: 2)])
        first.set(["compute": DeviceProfile.x86Gateway1.compute(seconds: 3)])
        var second = EnergyLedger(boot: "b", since: first.since, earlier: first.totals)
        second.set(["compute": DeviceProfile.x86Gateway1.compute(seconds: 1)])
        #expect(try #require(second.totals["compute"]).value == 12)
    }

    @Test("Radio costs count bytes and messages")
    func radio() {
        let figure = RadioProfile.wifi1.sent(bytes: 1_000_000, messages: 10)
        #expect(abs(figure.value - 4.1015) < 1e-9)
        #expect(figure.low < figure.value && figure.value < figure.high)
        #expect(figure.profile == "wifi@1")
        #expect(RadioProfile.wifi1.received(bytes: 1000, messages: 0).value < 4.1e-3)
    }

    @Test("Every built-in profile is found by its name, which carries a revision")
    func profiles() {
        for profile in DeviceProfile.builtIn {
            #expect(DeviceProfile.named(profile.name) == profile)
            #expect(profile.name.contains("@"))
        }
        #expect(DeviceProfile.named("unknown") == nil)
    }
}
