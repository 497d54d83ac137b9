import ArgumentParser
import Energy
import EnergyPlanning
import FleetConsole
import Foundation
import JSON
import Presentation

/// What the fleet's joules go into, and device profiles: showing, fitting and checking them.
struct EnergyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "energy",
        abstract: "Show what the fleet's joules go into; show device profiles, fit one to a trace, check the model.",
        subcommands: [
            EnergyFleetCommand.self, EnergyProfilesCommand.self, EnergyCalibrateCommand.self, EnergyCheckCommand.self,
        ], defaultSubcommand: EnergyFleetCommand.self)
}

/// Lists built-in profiles, or prints one as the JSON that a user may copy and change.
struct EnergyProfilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profiles", abstract: "List the device profiles, or print one as JSON to copy and change.",
        discussion: """
            EXAMPLE:
              retort energy profiles cortex-m4 > my-node.json      (change its name and numbers)
              retort assess student.safetensors --profile my-node.json
            """)

    @Argument(help: "Name of a profile or a profile's file.json.") var name: String?

    func run() throws {
        if let name {
            print(try ProfileOption.find(name).json.prettyText, terminator: "")
            return
        }
        var table = TextTable(
            [("PROFILE", .left), ("STORAGE", .right), ("RAM", .right), ("INT8 MAC/S", .right), ("FLOAT MAC/S", .right)]
                + [("ACTIVE", .right), ("IDLE", .right), ("RADIOS", .left)])
        for profile in DeviceProfile.builtIn {
            table.append([
                profile.name, Figure.metric(Double(profile.storage.bytes), "B"),
                Figure.metric(Double(profile.ram.bytes), "B"), Figure.metric(profile.throughput.int8.value, ""),
                Figure.metric(profile.throughput.float32.value, ""), Figure.metric(profile.activeCore.value, "W"),
                Figure.metric(profile.idle.value, "W"), profile.radios.map(\.name).joined(separator: " "),
            ])
        }
        print(table.text)
    }
}

/// Fits a profile to what a power analyser recorded.
struct EnergyCalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate", abstract: "Fit a device profile to an external power analyser's trace.",
        discussion: """
            The trace is CSV (plain or .zst) with a column time or timestamp, one of power or current (with voltage, or
            --voltage), and where possible a marker or gpio that is not 0 while an inference runs; units stand in the header
            (current_mA, Timestamp(ms)). Without a marker, work is told from sleep by its power. The profile that --output
            writes has the measured powers, and the rest from --base.

            EXAMPLE:
              retort energy calibrate trace.csv --name my-node@1 --base cortex-m4 --voltage 3.3 \\
                  --student student.safetensors --output my-node.json
            """)

    @Argument(help: "The trace.") var trace: String
    @Option(help: "Name of the profile, with a revision.") var name = "my-device@1"
    @Option(help: "Profile that gives memory, radios and what else is not measured.") var base: String
    @Option(help: "Volts of the supply, where the trace has only currents.") var voltage: Double?
    @Option(help: "Column that is not 0 while an inference runs.") var marker: String?
    @Option(help: "Watts above which the device works, where there is no marker (default: found in the trace).")
    var activeAbove: Double?
    @Option(help: "Inferences in a stretch of work.") var inferences = 1
    @Option(help: "Relative accuracy of the analyser, which widens the bounds: 0.01 is 1 %.") var accuracy = 0.0
    @Option(help: "The student that ran: its multiply-adds give the throughput.") var student: String?
    @Option(name: [.short, .long], help: "File of the profile (default: standard output, after the figures).")
    var output: String?

    func run() throws {
        let base = try ProfileOption.find(base)
        let macs = try student.map { try StudentFile.demand(of: $0).multiplyAccumulates }
        do {
            let power = try PowerTrace(file: trace, voltage: voltage, marker: marker)
            let fit = try TraceCalibration(
                power, threshold: activeAbove, inferencesPerPulse: inferences, accuracy: accuracy)
            let source = URL(fileURLWithPath: trace).lastPathComponent
            let profile = try fit.profile(name: name, base: base, multiplyAccumulates: macs, source: source)
            try show(fit, profile)
        } catch let error as EnergyPlanningError {
            throw CommandFailure(error.code == .invalidOption ? .usage : .badData, error.message)
        } catch let error as EnergyError {
            throw CommandFailure(.usage, error.message)
        }
    }

    private func show(_ fit: TraceCalibration, _ profile: DeviceProfile) throws {
        var table = TextTable([("", .left), ("VALUE", .right), ("LOW", .right), ("HIGH", .right)])
        for (name, bounds, unit) in [
            ("at work", fit.active, "W"), ("asleep", fit.sleep, "W"), ("an inference", fit.joulesPerInference, "J"),
            ("an inference", fit.secondsPerInference, "s"),
        ] {
            table.append([name] + [bounds.value, bounds.low, bounds.high].map { Figure.metric($0, unit) })
        }
        print("\(fit.pulses) stretches of work counted, \(fit.ignored) left out\n\n\(table.text)")
        guard let output else {
            print("\n\(profile.json.prettyText)", terminator: "")
            return
        }
        try ModelFile.write(Array(profile.json.prettyText.utf8), to: output)
        print("\nwrote \(profile.name) to \(output)")
    }
}

/// Holds the model against published measurements; `./dev bench energy` runs it.
struct EnergyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Hold the energy model against published measurements.",
        discussion: """
            Each network of a board is predicted from the board's others: joules from their power and the published time,
            time from multiply-adds and their throughput. Ends with 1 where joules are off by more than 15 %.
            """)

    @Argument(help: "Published measurements, such as Benchmarks/energy/mlperf-tiny-v1.2.json.") var file: String
    @Option(help: "Write benchmark rows to this file.") var json: String?

    func run() throws {
        let bytes = try ModelFile.read(file)
        let check: EnergyCheck
        do { check = EnergyCheck(try PublishedEnergy(json: try JSONValue(parsing: bytes))) } catch {
            throw CommandFailure(.badData, "\(file): \(error)")
        }
        print(EnergyCheckText(check).text)
        if let json {
            try ModelFile.write(Array(check.benchmarkRows.prettyText.utf8), to: json)
        }
        if !check.holds { throw CommandFailure(.failed) }
    }
}
