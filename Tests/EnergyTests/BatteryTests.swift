import Testing

@testable import Energy

@Suite("A battery's gauge meters the device while it runs from it")
struct BatteryTests {
    private func battery(_ folder: SensorFolder, _ files: [String: String]) throws {
        try folder.write("BAT0/type", "Battery\n")
        for (name, text) in files { try folder.write("BAT0/\(name)", "\(text)\n") }
    }

    @Test("Energy that the gauge went down by is what the device used, within one step of the gauge")
    func energy() throws {
        let folder = try SensorFolder()
        try folder.write("AC/type", "Mains\n")
        try folder.write("A-mouse/type", "Battery\n")
        try folder.write("A-mouse/scope", "Device\n")
        try folder.write("A-mouse/energy_now", "1\n")
        try battery(folder, ["status": "Discharging", "energy_now": "50000000"])
        var meter = try BatteryMeter(root: folder.path, now: 0)
        #expect(try #require(try meter.read(now: 1)["host"]).value == 0)
        try battery(folder, ["energy_now": "49990000"])
        let first = try #require(try meter.read(now: 10)["host"])
        #expect(abs(first.value - 36) < 1e-6 && abs(first.low - 0) < 1e-6 && abs(first.high - 72) < 1e-6)
        #expect(first.method == .measured && first.meter == "battery" && first.scope == "battery")
        try battery(folder, ["energy_now": "49970000"])
        let second = try #require(try meter.read(now: 20)["host"])
        #expect(abs(second.value - 108) < 1e-6 && abs(second.low - 72) < 1e-6 && abs(second.high - 144) < 1e-6)
    }

    @Test("Charge times the voltage between two readings, whose bounds are the two voltages")
    func charge() throws {
        let folder = try SensorFolder()
        try battery(folder, ["status": "Discharging", "charge_now": "2000000", "voltage_now": "4000000"])
        var meter = try BatteryMeter(root: folder.path, now: 0)
        try battery(folder, ["charge_now": "1990000", "voltage_now": "3800000"])
        let figure = try #require(try meter.read(now: 60)["host"])
        // 10 mAh are 36 C.
        #expect(abs(figure.value - 36 * 3.9) < 1e-6)
        #expect(figure.high >= 36 * 4.0 && figure.low <= 36 * 3.8)
    }

    @Test("Time on mains is not metered, and only widens the upper bound; the figure never falls")
    func mains() throws {
        let folder = try SensorFolder()
        try battery(folder, ["status": "Discharging", "energy_now": "50000000"])
        var meter = try BatteryMeter(root: folder.path, now: 0)
        try battery(folder, ["energy_now": "49990000"])
        let before = try #require(try meter.read(now: 9)["host"])
        try battery(folder, ["status": "Charging", "energy_now": "49995000"])
        let during = try #require(try meter.read(now: 19)["host"])
        #expect(during.value == before.value && during.low == before.low)
        // Ten seconds at the 4 W seen.
        #expect(abs(during.high - before.high - 40) < 1e-6)
        try battery(folder, ["status": "Discharging", "energy_now": "49994000"])
        #expect(try #require(try meter.read(now: 29)["host"]).value == before.value)
        try battery(folder, ["energy_now": "49984000"])
        #expect(abs(try #require(try meter.read(now: 38)["host"]).value - 72) < 1e-6)
    }

    @Test("Without a battery in use there is no meter, and the error says why")
    func absent() throws {
        let folder = try SensorFolder()
        #expect(throws: EnergyError(.absent, "\(folder.path) has no battery with a gauge")) {
            _ = try BatteryMeter(root: folder.path, now: 0)
        }
        try battery(folder, ["status": "Full", "energy_now": "50000000"])
        #expect {
            _ = try BatteryMeter(root: folder.path, now: 0)
        } throws: {
            ($0 as? EnergyError)?.code == .absent && "\($0)".contains("not discharging")
        }
    }
}
