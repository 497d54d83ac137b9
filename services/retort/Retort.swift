import ArgumentParser

/// The command line of Retort.
@main
struct Retort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort",
        abstract: "Small neural networks next to their sensors: start a cluster, watch it, teach it, distill a file.",
        discussion: """
            `retort up` starts everything on this machine; `retort distill` makes a student from CSV files, `retort
            export` writes it for other tools, and `retort import` reads a teacher from one. The other commands talk to a
            running cluster over its broker: give --broker or set RETORT_BUS_URL (mqtt://host:port).
            """,
        subcommands: [
            UpCommand.self, DistillCommand.self, ExportCommand.self, ImportCommand.self, AssessCommand.self,
            EnergyCommand.self, SourcesCommand.self, WatchCommand.self,
            DevicesCommand.self, ModelsCommand.self, LabelCommand.self, RecordCommand.self, ReportCommand.self,
        ])
}
