import Energy
import JSON
import Testing

@testable import EnergyPlanning

@Suite("A trace of a power analyser gives a profile")
struct CalibrationTests {
    @Test("Without noise, powers, joules and time come out as they went in", arguments: [false, true])
    func exact(marked: Bool) throws {
        var generated = GeneratedTrace()
        let fit = try TraceCalibration(generated.trace(marked: marked))
        #expect(abs(fit.active.value / 0.042 - 1) < 1e-6 && abs(fit.sleep.value / 0.0002 - 1) < 1e-6)
        #expect(abs(fit.joulesPerInference.value / generated.joules - 1) < 1e-6)
        #expect(abs(fit.secondsPerInference.value - 0.020) < 1e-6)
        #expect(fit.pulses == 60 && fit.ignored == 0)
        #expect(fit.active.high - fit.active.low < 1e-9)
    }

    @Test("Noise of a third of the level neither splits nor joins work, and stays within bounds")
    func noise() throws {
        var generated = GeneratedTrace { $0.noise = 0.33 }
        let fit = try TraceCalibration(generated.trace())
        #expect(fit.pulses == 60)
        #expect(abs(fit.active.value / 0.042 - 1) < 0.01 && abs(fit.sleep.value / 0.0002 - 1) < 0.01)
        #expect(abs(fit.joulesPerInference.value / generated.joules - 1) < 0.02)
        #expect(fit.active.low < 0.042 && 0.042 < fit.active.high)
        #expect(fit.active.high / fit.active.low < 1.2)
    }

    @Test("Drift widens the bounds to what the device drew at both ends")
    func drift() throws {
        var generated = GeneratedTrace { $0.drift = 0.2 }
        let fit = try TraceCalibration(generated.trace())
        #expect(abs(fit.active.value / (0.042 * 1.1) - 1) < 0.01)
        #expect(fit.active.low < 0.042 * 1.02 && fit.active.high > 0.042 * 1.18)
    }

    @Test("Low contrast needs a marker, and with one it does not matter")
    func contrast() throws {
        var generated = GeneratedTrace {
            $0.sleepWatts = 0.036
            $0.noise = 0.1
        }
        #expect {
            _ = try TraceCalibration(generated.trace())
        } throws: {
            "\($0)".contains("record a marker")
        }
        let fit = try TraceCalibration(generated.trace(marked: true))
        #expect(fit.pulses == 60 && abs(fit.active.value / 0.042 - 1) < 0.01)
        #expect(abs(fit.sleep.value / 0.036 - 1) < 0.01)
    }

    @Test("Several inferences in a stretch share it, and the analyser's accuracy widens bounds")
    func shared() throws {
        var generated = GeneratedTrace()
        let fit = try TraceCalibration(generated.trace(), threshold: 0.01, inferencesPerPulse: 4, accuracy: 0.05)
        #expect(abs(fit.joulesPerInference.value / (generated.joules / 4) - 1) < 1e-6)
        #expect(abs(fit.secondsPerInference.value - 0.005) < 1e-6)
        #expect(abs(fit.active.high / 0.042 - 1.05) < 1e-6 && abs(fit.active.low / 0.042 - 0.95) < 1e-6)
    }

    @Test("Spikes, work cut off by the ends and stretches with a gap are left out")
    func leftOut() throws {
        var generated = GeneratedTrace { $0.pulses = 10 }
        var trace = generated.trace()
        trace.watts[500] = 0.05
        // It begins within work, and the recording stopped for a second within the third.
        for index in 0..<50 { trace.watts[index] = 0.042 }
        for index in trace.times.indices where trace.times[index] > 0.59 { trace.times[index] += 1 }
        let fit = try TraceCalibration(trace)
        #expect(fit.pulses == 9 && fit.ignored >= 3)
        #expect(abs(fit.joulesPerInference.value / generated.joules - 1) < 1e-6)
    }

    @Test("A trace that tells nothing is refused with what to do")
    func refusals() throws {
        let flat = PowerTrace(times: (0..<100).map(Double.init), watts: [Double](repeating: 1, count: 100))
        #expect(throws: EnergyPlanningError.self) { try TraceCalibration(flat) }
        #expect(throws: EnergyPlanningError.self) { try TraceCalibration(PowerTrace(times: [0], watts: [1])) }
        var generated = GeneratedTrace()
        let trace = generated.trace()
        #expect(throws: EnergyPlanningError.self) { try TraceCalibration(trace, inferencesPerPulse: 0) }
        let turned = PowerTrace(times: trace.times, watts: trace.watts, marks: trace.watts.map { $0 < 0.01 })
        #expect {
            _ = try TraceCalibration(turned)
        } throws: {
            "\($0)".contains("other way round")
        }
    }

    @Test("The profile has the fitted powers, says where they come from, and reads back equal")
    func profile() throws {
        var generated = GeneratedTrace { $0.noise = 0.1 }
        let fit = try TraceCalibration(generated.trace())
        let profile = try fit.profile(
            name: "my-node@1", base: .cortexM4, multiplyAccumulates: 1_000_000, source: "trace.csv")
        #expect(abs(profile.activeCore.value - (fit.active.value - fit.sleep.value)) < 1e-12)
        #expect(profile.idle == fit.sleep && profile.name == "my-node@1")
        #expect(abs(profile.throughput.int8.value / 50e6 - 1) < 0.01)
        #expect(profile.storage == DeviceProfile.cortexM4.storage && profile.radios == DeviceProfile.cortexM4.radios)
        for key in ["power.active", "power.idle", "throughput.int8"] {
            #expect(profile.sources[key]?.contains("trace.csv: 60 stretches") == true)
        }
        #expect(try DeviceProfile(json: JSONValue(parsing: profile.json.prettyText)) == profile)
        // What the profile predicts of the network is what was measured of it.
        let predicted = profile.compute(seconds: profile.seconds(multiplyAccumulates: 1_000_000, int8: true))
        #expect(abs(predicted.value / (generated.joules - 0.0002 * 0.02) - 1) < 0.02)
        #expect(throws: EnergyError.self) { try fit.profile(name: "my node", base: .cortexM4, source: "x") }
    }
}
