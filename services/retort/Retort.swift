import ArgumentParser

/// The command line of Retort.
@main
struct Retort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retort",
        abstract: "Small neural networks next to their sensors: start a cluster, watch it, teach it.",
        discussion: """
            `retort up` starts everything on this machine. The other commands talk to a running cluster over its broker:
            give --broker or set RETORT_BUS_URL (mqtt://host:port).
            """,
        subcommands: [
            UpCommand.self, WatchCommand.self, DevicesCommand.self, ModelsCommand.self, LabelCommand.self,
            ReportCommand.self,
        ])
}
