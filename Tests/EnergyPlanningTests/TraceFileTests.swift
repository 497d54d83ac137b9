import Foundation
import Testing

@testable import EnergyPlanning

@Suite("Traces are read from the CSV files of analysers")
struct TraceFileTests {
    private func read(_ text: String, voltage: Double? = nil, marker: String? = nil) throws -> PowerTrace {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("retort-\(UUID().uuidString).csv")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try PowerTrace(file: file.path, voltage: voltage, marker: marker)
    }

    @Test(
        "Units stand in the header, as each analyser writes them",
        arguments: [
            ("time,power", "0,0.5", "1,0.25", nil),
            ("time_us,power_mW", "0,500", "1000000,250", nil),
            ("Timestamp(ms),Current(uA),D0", "0,250000,0", "1000,125000,1", 2.0),
            ("Time (s),Main current (A),Main voltage (V)", "0,0.1,5", "1,0.05,5", nil),
            ("t;current_mA;voltage_mV;gpio", "0;100;5000;0", "1;50;5000;1", nil),
        ] as [(String, String, String, Double?)])
    func units(header: String, first: String, second: String, voltage: Double?) throws {
        let trace = try read([header, first, second].joined(separator: "\n") + "\n", voltage: voltage)
        #expect(zip(trace.times, [0, 1]).allSatisfy { abs($0 - $1) < 1e-12 } && trace.times.count == 2)
        #expect(zip(trace.watts, [0.5, 0.25]).allSatisfy { abs($0 - $1) < 1e-12 })
        let hasMarker = header.contains("D0") || header.contains("gpio")
        #expect(trace.marks == (hasMarker ? [false, true] : []))
    }

    @Test("Times keep their digits: a microsecond after hours is still there")
    func precision() throws {
        let trace = try read("time_us,power\n36000000000,1\n36000000001,1\n")
        #expect(abs(trace.times[1] - trace.times[0] - 1e-6) < 1e-10)
    }

    @Test(
        "What is missing is named, with what to do",
        arguments: [
            ("when,power\n0,1\n", "no column is named time"),
            ("time,energy\n0,1\n", "no column is named power or current"),
            ("time,current_mA\n0,1\n", "give the supply's with --voltage"),
            ("time,power\n0,1\n0,1\n", "not after the one before"),
            ("time,power\n0,much\n", "\"much\" in power is no number"), ("", "the file is empty"),
        ])
    func faults(text: String, message: String) throws {
        #expect {
            _ = try read(text)
        } throws: {
            ($0 as? EnergyPlanningError)?.code == .invalidTrace && "\($0)".contains(message)
        }
        #expect(throws: EnergyPlanningError.self) { try read("time,power\n0,1\n", marker: "d9") }
        #expect(throws: EnergyPlanningError.self) { try PowerTrace(file: "/nowhere.csv") }
    }
}
