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
        first.set(["compute": DeviceProfile.x86Gateway.compute(seconds: 2)])
        first.set(["compute": DeviceProfile.x86Gateway.compute(seconds: 3)])
        var second = EnergyLedger(boot: "b", since: first.since, earlier: first.totals)
        second.set(["compute": DeviceProfile.x86Gateway.compute(seconds: 1)])
        #expect(try #require(second.totals["compute"]).value == 16)
    }

    @Test("Radio costs are power times air time, and joules a message")
    func radio() {
        let radio = RadioProfile.wifi
        let figure = radio.sent(bytes: 1_000_000, messages: 10)
        // 8 Mbit at 20 Mbit/s take 0.4 s at 0.93 W; ten messages 150 µJ each.
        #expect(abs(figure.value - (0.4 * 0.93 + 1.5e-3)) < 1e-9)
        #expect(abs(figure.low - (8.0 / 65 * 0.45 + 0.3e-3)) < 1e-9)
        #expect(abs(figure.high - (8.0 * 1.12 + 30e-3)) < 1e-9)
        #expect(figure.profile == "wifi@2" && figure.method == .modelled)
        #expect(radio.received(bytes: 1000, messages: 0).value < radio.sent(bytes: 1000, messages: 0).value)
        #expect(abs(radio.secondsReceiving(bytes: 2500).value - 1e-3) < 1e-12)
    }
}
