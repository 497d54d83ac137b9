import ArgumentParser
import DistillationReports
import Energy
import Foundation
import JSON
import Recordings
import Synchronization
import UnixSignals

/// Makes a student from CSV readings, without a bus.
struct DistillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract: "Train a teacher on CSV readings, distill it into a tiny student, and report.",
        discussion: """
            Reads CSV files (plain or .zst, any order of columns) or folders of them; columns that are not named in an \
            option are channels. Rate and time column (t, time, timestamp; numbers or ISO 8601) are found. Whole groups \
            are kept for the test: people, machines, files. Writes student.safetensors, teacher.safetensors, report.json \
            and report.html. Stopped or killed, the same command goes on from the last pass over the data.

              retort distill readings.csv --label activity --group user --profile cortex-m4 -o out
              retort distill recordings/ --label label --test 'test-*' -o out
              retort distill iris.csv --label species --window 1 -o out
              retort distill cycles.csv.zst --conditions conditions.csv --key cycle --label valve,pump -o out
              retort distill readings.csv --label activity --base deployed.safetensors --update-budget 10% -o out

            Exit status: 0 done, 1 training failed, 64 wrong option, 65 the data do not allow it (the message says what \
            to change), 73 the output cannot be written, 130 stopped by Ctrl-C.
            """)

    @Argument(help: "CSV files or folders of them.", completion: .file(extensions: ["csv", "zst"])) var paths: [String]
    @OptionGroup(title: "Data") var data: DistillDataOptions
    @OptionGroup(title: "Training") var training: DistillTrainingOptions
    @Option(name: [.short, .long], help: "Folder for the results.") var output = "out"
    @Flag(help: "Write the report as JSON to standard output.") var json = false

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("name a CSV file or a folder") }
    }

    func run() async throws {
        var options = try data.studyOptions(paths)
        try training.apply(to: &options)
        let folder = output
        let typed = CommandLine.arguments.dropFirst().map(Self.quoted).joined(separator: " ")
        let ready = options
        do {
            let result = try await Self.untilSignal { observer in
                // The folder comes first: a study of hours must not end at a missing permission.
                let place = try StudyOutput(folder: folder)
                var options = ready
                options.checkpoints = { place.checkpoints($0) }
                let study = try Study(options, observer: observer)
                var result = try study.run(observer: observer)
                result.report.command = "retort \(typed)"
                try place.write(result)
                return result.report
            }
            if json {
                print(result.json.prettyText, terminator: "")
            } else {
                print(result.text)
                print("  \(folder)/report.html, report.json, student.safetensors, teacher.safetensors")
            }
        } catch let error as StudyError {
            throw CommandFailure(Self.status(of: error), error.description)
        } catch let error as RecordingError {
            throw CommandFailure(.badData, error.description)
        }
    }

    private static func status(of error: StudyError) -> ExitStatus {
        switch error.code {
        case .cancelled: .interrupted
        case .output: .cannotWrite
        case .options: .usage
        default: .badData
        }
    }

    private static func quoted(_ argument: String) -> String {
        let isPlain = argument.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B...0x2F, 0x3A, 0x3D, 0x5F: true
            default: false
            }
        }
        return isPlain && !argument.isEmpty ? argument : "'\(argument.replacing("'", with: "'\\''"))'"
    }

    /// Runs work on a thread of its own and shows how far it is; Ctrl-C asks it to stop.
    private static func untilSignal<T: Sendable>(
        _ body: @escaping @Sendable (@escaping StudyObserver) throws -> T
    ) async throws -> T {
        let stop = Stop()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        // Ends with the process at the latest: a signal is all it waits for.
        let listener = Task { for await _ in signals { stop.flag.store(true, ordering: .relaxed) } }
        defer { listener.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                let display = ProgressDisplay()
                let result = Result {
                    try body { progress in
                        display.show(progress.step)
                        return !stop.flag.load(ordering: .relaxed)
                    }
                }
                display.end()
                continuation.resume(with: result)
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Set by a signal.
    private final class Stop: Sendable {
        let flag = Atomic(false)
    }
}
