import Synchronization
import Testing

@testable import Energy

/// Clocks that a test moves by hand.
final class ManualClock: Sendable {
    private let times = Mutex((process: 0.0, busy: 0.0))
    var clock: ProcessorClock {
        ProcessorClock(
            process: { self.times.withLock { $0.process } }, hostBusy: { self.times.withLock { $0.busy } })
    }
    func advance(process: Double, busy: Double) {
        times.withLock {
            $0.process += process
            $0.busy += busy
        }
    }
}

struct MeterTests {
    @Test("Processor time times a core's power is modelled with the profile's bounds")
    func cpuTime() throws {
        let manual = ManualClock()
        manual.advance(process: 5, busy: 5)
        var meter = CPUTimeMeter(profile: .raspberryPi5, clock: manual.clock)
        manual.advance(process: 2, busy: 3)
        let figure = try #require(meter.read(now: 1)["compute"])
        #expect(abs(figure.value - 2.6) < 1e-9)
        #expect(abs(figure.low - 1.8) < 1e-9)
        #expect(abs(figure.high - 3.6) < 1e-9)
        #expect(figure.method == .modelled)
        #expect(figure.profile == "rpi5@2")
    }

    @Test("The system's clock counts this process's work")
    func systemClock() {
        let clock = ProcessorClock.system()
        let start = clock.process()
        var sum = 0.0
        while clock.process() - start < 0.005 { sum += 1 }
        #expect(sum > 0)
    }

    @Test("Idle, waiting and stolen time of /proc/stat are not busy")
    func busy() {
        let text = "cpu  100 10 50 9000 30 5 5 77 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
        #expect(ProcessorClock.busySeconds(text, ticksPerSecond: 100) == 1.7)
        #expect(ProcessorClock.busySeconds("intr 5\n", ticksPerSecond: 100) == nil)
    }

    private func writePackage(_ folder: SensorFolder, energy: String) throws {
        try folder.write("intel-rapl:0/name", "package-0\n")
        try folder.write("intel-rapl:0/max_energy_range_uj", "10000000\n")
        try folder.write("intel-rapl:0/energy_uj", "\(energy)\n")
        try folder.write("intel-rapl:0:0/name", "core\n")
        try folder.write("intel-rapl:0:0/energy_uj", "123\n")
    }

    @Test("A package counter that wraps goes on, and its parts are not counted twice")
    func wrap() throws {
        let folder = try SensorFolder()
        let manual = ManualClock()
        try writePackage(folder, energy: "9000000")
        var meter = try RAPLMeter(root: folder.path, clock: manual.clock, cores: 2, now: 0)
        manual.advance(process: 1, busy: 4)
        try writePackage(folder, energy: "3000000")
        let figures = try meter.read(now: 10)
        let host = try #require(figures["host"])
        #expect(abs(host.value - 4) < 1e-9)
        #expect(host.method == .measured)
        #expect(host.scope == "package")
        let compute = try #require(figures["compute"])
        #expect(compute.method == .apportioned)
        #expect(abs(compute.value - 1) < 1e-9)
        #expect(abs(compute.low - 0.2) < 1e-9)
        #expect(abs(compute.high - 2) < 1e-9)
    }

    @Test("A counter that is absent or unreadable says why")
    func unavailable() throws {
        let folder = try SensorFolder()
        #expect(throws: EnergyError(.absent, "\(folder.path) has no processor package to meter")) {
            _ = try RAPLMeter(root: folder.path, cores: 1, now: 0)
        }
        try writePackage(folder, energy: "not a number")
        #expect {
            _ = try RAPLMeter(root: folder.path, cores: 1, now: 0)
        } throws: {
            ($0 as? EnergyError)?.code == .malformed
        }
    }

    @Test("A counter that this user may not read is reported as forbidden, and no meter is made")
    func forbidden() throws {
        let folder = try SensorFolder()
        try writePackage(folder, energy: "1")
        try folder.forbid("intel-rapl:0/energy_uj")
        let error = folder.asNobody { () -> EnergyError? in
            do throws(EnergyError) { _ = try RAPLMeter(root: folder.path, cores: 1, now: 0) } catch { return error }
            return nil
        }
        #expect(error?.code == .notPermitted && error?.isRetriable == false)
        #expect(error?.message.contains("intel-rapl:0/energy_uj may not be read: give this user read access") == true)
    }

    @Test("A reading that fails midway keeps what was counted")
    func interrupted() throws {
        let folder = try SensorFolder()
        try writePackage(folder, energy: "1000000")
        var meter = try RAPLMeter(root: folder.path, clock: ManualClock().clock, cores: 1, now: 0)
        try folder.write("intel-rapl:0/energy_uj", "garbage")
        #expect(throws: EnergyError.self) { try meter.read(now: 1) }
        try folder.write("intel-rapl:0/energy_uj", "2500000")
        let host = try #require(try meter.read(now: 2)["host"])
        #expect(abs(host.value - 1.5) < 1e-9)
    }

    @Test("A board's power sensor is integrated, a graphics card's is not used")
    func board() throws {
        let folder = try SensorFolder()
        try folder.write("hwmon0/name", "amdgpu\n")
        try folder.write("hwmon0/power1_average", "90000000\n")
        #expect(throws: EnergyError.self) { try HwmonMeter(root: folder.path, now: 0) }
        try folder.write("hwmon1/name", "ina226\n")
        try folder.write("hwmon1/power1_input", "4000000\n")
        var meter = try HwmonMeter(root: folder.path, now: 0)
        try folder.write("hwmon1/power1_input", "6000000\n")
        let figure = try #require(try meter.read(now: 2)["host"])
        #expect(abs(figure.value - 10) < 1e-9)
        #expect(abs(figure.low - 8) < 1e-9)
        #expect(abs(figure.high - 12) < 1e-9)
        #expect(figure.scope == "board")
        // A pause of the process is no time metered.
        let after = try #require(try meter.read(now: 1000)["host"])
        #expect(abs(after.value - 10) < 1e-9)
    }

    @Test("A shunt monitor without a power of its own gives current times voltage")
    func shunt() throws {
        let folder = try SensorFolder()
        try folder.write("hwmon0/name", "ina219\n")
        try folder.write("hwmon0/curr1_input", "800\n")
        try folder.write("hwmon0/in1_input", "5000\n")
        var meter = try HwmonMeter(root: folder.path, now: 0)
        let figure = try #require(try meter.read(now: 3)["host"])
        #expect(abs(figure.value - 12) < 1e-9 && figure.method == .measured && figure.meter == "hwmon")
    }
}
