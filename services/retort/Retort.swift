import ArgumentParser
import BusAPI
import FleetConsole
import Foundation
import ServiceRuntime

/// The command line of Retort.
@main
struct Retort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort",
        abstract: "Small neural networks next to their sensors: start a cluster, watch it, teach it, distill a file.",
        discussion: """
            `retort up` starts everything on this machine; `retort distill` makes a student from CSV files, `retort
            export` writes it for other tools, and `retort import` reads a teacher from one. The other commands talk to a
            running cluster over its broker: give --broker or set RETORT_BUS_URL (mqtt://host:port); `retort doctor` says
            what is wrong where one does not answer. --json writes for programs, on standard output alone; progress and
            errors go to standard error. Colours are for terminals, and NO_COLOR turns them off.

            EXIT STATUS:
            \(ExitStatus.table)
            """,
        version: "retort \(ServiceIdentity.version)",
        groupedSubcommands: [
            CommandGroup(name: "Start", subcommands: [UpCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    WatchCommand.self, DevicesCommand.self, DeviceCommand.self, EnergyCommand.self, JobsCommand.self,
                    ReportCommand.self, RecordCommand.self,
                ]),
            CommandGroup(
                name: "Teach",
                subcommands: [ModelsCommand.self, JobCommand.self, LabelCommand.self, SourcesCommand.self]),
            CommandGroup(
                name: "Files",
                subcommands: [DistillCommand.self, ExportCommand.self, ImportCommand.self, AssessCommand.self]
            ),
        ])

    /// Runs the command that was typed, and ends with its status: the one place that decides it.
    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard let failure = failure(error) else { exit(withError: error) }
            if let message = failure.message { FileHandle.standardError.write(Data("Error: \(message)\n".utf8)) }
            Foundation.exit(failure.status.rawValue)
        }
    }

    /// What an error of our libraries means; nothing for those of the argument parser.
    private static func failure(_ error: any Error) -> CommandFailure? {
        switch error {
        case let failure as CommandFailure: failure
        case let error as FleetConsoleError: CommandFailure(status(of: error.code), error.message)
        case let error as BusError: CommandFailure(status(of: error.code), error.message)
        default: nil
        }
    }

    private static func status(of code: FleetConsoleError.Code) -> ExitStatus {
        switch code {
        case .invalidOption: .usage
        case .notFound: .notThere
        case .timedOut, .missingProgram: .noAnswer
        case .unfinished: .notYet
        default: .failed
        }
    }

    private static func status(of code: BusError.Code) -> ExitStatus {
        switch code {
        case .refused: .notAllowed
        case .notConnected, .closed: .noAnswer
        case .invalidConfiguration, .invalidTopic: .usage
        default: .failed
        }
    }
}
