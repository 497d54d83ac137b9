import ArgumentParser
import DistillationReports
import Energy
import EnergyPlanning
import FleetConsole
import Foundation
import JSON

/// Says whether a student fits a device and what it costs there.
struct AssessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assess",
        abstract: "Say whether a student fits a device, and at what latency, energy and duty.",
        discussion: """
            Holds the student against every limit of the profile and of its task: storage for two slots, RAM, and the
            duty that its windows ask of a core. Costs are modelled from the profile (docs/energy.md), with bounds. Ends
            with 0 where the student fits, 1 where it does not, 65 where the file is no student, 66 where there is none.

            EXAMPLES:
              retort assess out/student.safetensors --profile cortex-a53
              retort assess out/student.safetensors --profile my-node.json --rate 0.2 --battery 10
            """)

    @Argument(help: "The student's file.", completion: .file(extensions: ["safetensors"])) var file: String
    @Option(help: "Device: \(ProfileOption.names), or a profile's file.json.") var profile: String
    @Option(help: "Windows a second (default: the task's, for one device).") var rate: Double?
    @Option(help: "Copies of the student that the device keeps.") var slots = 2
    @Option(help: "Bytes of a typical update (default: the whole file).") var updateBytes: Int?
    @Option(help: "Bytes of the message that tells a decision (default: the task's, as the edge writes it).")
    var messageBytes: Int?
    @Option(help: "Usable watt-hours of a battery.") var battery: Double?
    @Flag(help: "Write JSON.") var json = false

    func validate() throws {
        for (value, name) in [(rate, "rate"), (battery, "battery")] where !(value ?? 1 > 0 && value ?? 1 < 1e9) {
            throw ValidationError("--\(name) must be above 0")
        }
        for (value, name) in [
            (slots, "slots"), (updateBytes ?? 1, "update-bytes"), (messageBytes ?? 1, "message-bytes"),
        ]
        where value < 1 { throw ValidationError("--\(name) must be at least 1") }
    }

    func run() throws {
        let device = try ProfileOption.find(profile)
        var demand = try StudentFile.demand(of: file)
        if let rate { demand.rate = rate }
        if let messageBytes { demand.messageBytes = messageBytes }
        let assessment = Assessment(
            demand, on: device, slots: slots, updateBytes: updateBytes, batteryWattHours: battery)
        print(json ? assessment.json.prettyText : AssessmentText(assessment).text, terminator: json ? "" : "\n")
        if !assessment.fits { throw CommandFailure(.failed) }
    }
}

/// Reads students for commands that model what they cost.
enum StudentFile {
    static func demand(of file: String) throws -> StudentDemand {
        let bytes = try ModelFile.read(file)
        do { return try StudentDemand(file: bytes) } catch {
            throw CommandFailure(.badData, "\(file): \(error.message)")
        }
    }
}
