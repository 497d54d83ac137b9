import ArgumentParser
import BusAPI
import FleetConsole
import Foundation
import ModelArtifact
import UnixSignals

/// Writes what a fleet sends to CSV files.
struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Write telemetry, labels and inferences to CSV files that --data and `retort distill` read.",
        discussion: """
            Listens until Ctrl-C or for --seconds, then writes a file for each device: DEVICE.csv with the columns t, the \
            channels and label (value, for a regression; a column for each head of several), test-DEVICE.csv where the \
            labels were for scoring alone, and inferences/DEVICE.csv. Labels count that are said while it listens, however \
            far back they reach.

              retort record walks --device 'home/wrist-*' --model activity --seconds 600
              retort distill walks --label label -o out
              retort up --data walks
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "Folder for the files; made where it is not there.", completion: .directory) var folder: String
    @Option(help: "Devices, site/device with * for any characters; repeatable.", completion: Completions.devices)
    var device: [String] = ["*/*"]
    @Option(help: "Channels, labels and inferences of this task alone.", completion: Completions.models)
    var model: String?
    @Option(help: "Stop after so many seconds.") var seconds: Double?
    @Option(help: "Stop when so many megabytes are held.") var megabytes = 512

    func validate() throws {
        if let seconds {
            guard seconds > 0, seconds.isFinite else { throw ValidationError("--seconds must be above 0") }
        }
        guard (1...65_536).contains(megabytes) else { throw ValidationError("--megabytes must be 1 to 65536") }
    }

    func run() async throws {
        // The folder comes first: what was recorded for hours must not end at a missing permission.
        do {
            try FileManager.default.createDirectory(
                atPath: folder + "/inferences", withIntermediateDirectories: true)
        } catch { throw CommandFailure(.cannotWrite, "\(folder) cannot be made: \(error.localizedDescription)") }
        let recorder = try await cluster.withClient { client in
            var selection = FleetRecorder.Selection(devices: device, bytes: megabytes << 20)
            if let model {
                selection.task = try await TaskProposal.tasks(client).first { $0.name == model }
                guard selection.task != nil else {
                    throw FleetConsoleError(.notFound, "there is no task \"\(model)\"")
                }
            }
            return try await record(FleetRecorder(selection, topics: client.topics), client)
        }
        let files = recorder.files
        for file in files { try ModelFile.write(Array(file.text.utf8), to: "\(folder)/\(file.path)") }
        let counts = recorder.counts
        if recorder.isFull { print("\(megabytes) megabytes are full: what came later is not recorded") }
        if recorder.unreadable > 0 { print("\(recorder.unreadable) messages could not be read") }
        print(
            "\(counts.devices) devices, \(counts.samples) samples, \(counts.labels) labels, \(counts.inferences) inferences"
        )
        for file in files { print("  \(folder)/\(file.path)") }
        if files.isEmpty { throw FleetConsoleError(.failed, "nothing was heard: does a device of \(device) send?") }
    }

    private enum Event: Sendable {
        case messages([BusMessage])
        case stop
    }

    private func record(_ recorder: FleetRecorder, _ client: FleetClient) async throws -> FleetRecorder {
        var recorder = recorder
        let subscription = try await client.subscribe(to: recorder.filters)
        defer { subscription.cancel() }
        FileHandle.standardError.write(Data("recording; Ctrl-C ends it\n".utf8))
        let (events, source) = AsyncStream<Event>.makeStream(bufferingPolicy: .bufferingNewest(10_000))
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await batch in subscription { source.yield(.messages(batch)) }
                source.yield(.stop)
            }
            group.addTask {
                for await _ in signals { source.yield(.stop) }
            }
            if let seconds {
                group.addTask {
                    try await Task.sleep(for: .seconds(seconds))
                    source.yield(.stop)
                }
            }
            defer { group.cancelAll() }
            for await event in events {
                guard case .messages(let messages) = event else { break }
                for message in messages { recorder.take(message, now: ClusterOptions.now()) }
                if recorder.isFull { break }
            }
        }
        return recorder
    }
}
