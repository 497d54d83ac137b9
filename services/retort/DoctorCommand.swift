import ArgumentParser
import FleetConsole
import Foundation
import JSON

/// Says what is wrong with a cluster and what to do.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at this machine, the broker and the fleet: what is wrong, and what to do.",
        discussion: """
            This machine: open files, clock, free space of state folders, energy meters. The broker: name, port, \
            certificate and its end, account, MQTT version, access list, message size, retained messages, latency, what it \
            tells of its queues. The fleet: who is online, versions, clocks, updates, keys; telemetry that no edge reads or \
            no task covers, windows that nobody answers, leftovers, rejects. It publishes on topics of its own below \
            doctor/, and takes back what it retained.

              retort doctor
              retort doctor --broker mqtts://cloud:secret@broker.example --authorities ca.pem
              retort doctor --json | jq -r '.findings[] | select(.level != "ok") | .do'

            Ends with 0 where all is well, 2 with warnings, 1 with errors. --json writes {"t", "broker", "worst", \
            "findings": [{"check", "level", "what", "do"}]}.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: ArgumentHelp("Listen to the fleet for so long.", valueName: "seconds")) var listen = 6.0
    @Option(
        help: "State folder to look at; repeatable (default: RETORT_SERVICE_STATE and the usual ones, where they are).",
        completion: .directory)
    var state: [String] = []
    @Flag(help: "Write JSON.") var json = false

    func validate() throws {
        guard listen > 0, listen <= 3600 else {
            throw ValidationError("--listen must be above 0 and at most 3600 seconds")
        }
    }

    func run() async throws {
        let doctor = Doctor(
            options: try cluster.connection(), address: "\(try cluster.address())", topics: cluster.topics,
            limit: .seconds(cluster.wait), listening: listen, folders: folders, now: ClusterOptions.now,
            connect: { try ClusterOptions.connect($0) })
        let report = try await doctor.run { step in
            FileHandle.standardError.write(Data("\(step) …\n".utf8))
        }
        print(json ? report.json.prettyText : report.text(Terminal()), terminator: json ? "" : "\n")
        switch report.worst {
        case .ok: break
        case .warning: throw CommandFailure(.warnings)
        case .error: throw CommandFailure(.failed)
        }
    }

    private var folders: [String] {
        guard state.isEmpty else { return state }
        let environment = ProcessInfo.processInfo.environment
        let usual = [
            environment["RETORT_SERVICE_STATE"], "/var/lib/retort",
            environment["HOME"].map { "\($0)/.local/state/retort" },
        ].compactMap(\.self)
        return usual.filter { FileManager.default.fileExists(atPath: $0) }
    }
}
