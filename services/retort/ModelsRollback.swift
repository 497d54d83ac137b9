import ArgumentParser
import FleetConsole

extension ModelsCommand {
    /// Releases an earlier version again.
    struct Rollback: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rollback",
            abstract: "Release an earlier version of a model again; edges go back to it.",
            discussion: """
                The registry signs the version as a roll-back, which lets edges take one older than what they run. An edge \
                that still has it in its other slot switches without a download.

                  retort models rollback activity            to the version before the released one
                  retort models rollback activity --to 4
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(help: "The model's name.", completion: Completions.models) var model: String
        @Option(help: "Version to go back to; the one before the released one without.") var to: Int?

        func run() async throws {
            let version = try await cluster.withClient {
                try await RollbackOrder(model: model, version: to).submit(to: $0, now: ClusterOptions.now())
            }
            print("version \(version) of \(model) is released; `retort models` shows which edges run it")
        }
    }
}
