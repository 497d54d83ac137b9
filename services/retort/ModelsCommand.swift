import ArgumentParser
import FleetConsole
import JSON

/// Lists models, and makes new ones.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List, make, train and add models, go back to an earlier version, or compare files.",
        subcommands: [List.self, Create.self, Train.self, Add.self, Rollback.self, ModelsDiffCommand.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List tasks and the versions of their students.",
            discussion: """
                One row for each version that was released, decided anything or runs: size, edges that run it, accuracy with \
                its 95 % interval, teacher on the same windows, joules per inference.
                """)

        @OptionGroup var cluster: ClusterOptions
        @Flag(help: "Write JSON: an array of {\"model\", \"task\", \"versions\": [...]}.") var json = false

        func run() async throws {
            let (fleet, tasks) = try await cluster.withClient { client in
                (try await client.fleet(now: ClusterOptions.now()), try await TaskProposal.tasks(client))
            }
            if json {
                print(FleetTables.modelsJSON(fleet, tasks: tasks).prettyText, terminator: "")
                return
            }
            let table = FleetTables.models(fleet, tasks: tasks)
            print(table.isEmpty ? "no tasks yet: make one with `retort models create`" : table.text)
        }
    }
}
