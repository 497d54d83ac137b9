import ArgumentParser
import BusMosquitto
import ModelRegistry
import ServiceHTTP
import ServiceRuntime

/// The registry's process.
@main
struct ModelRegistryCommand: AsyncParsableCommand {
    private static let keys = RegistryApp.keys + HTTPSettings.keys

    static let configuration = CommandConfiguration(
        commandName: "model-registry",
        abstract: "Keeps every version of every student, signs releases and serves them to edges.",
        discussion: """
            Takes tasks from files and from model/{model}/task/proposal, and candidates from distillers. A candidate \
            that is sound, within its task's limits and true to its golden vectors becomes the next version; it is \
            signed as a TUF target, released, and offered in full and as a delta from each student in use. What is \
            retained on the bus is published again at every start and after every loss of the broker.

            State (SQLite, signing keys with mode 0600) stands in service.state. Give edges the root file \
            (registry.rootFile) out of band: it is what they trust. Keys made by the registry at its first start are \
            marked as development keys.

            \(ServiceConfiguration.help(for: keys))

            EXAMPLE:
              model-registry --set bus.url=mqtt://localhost --set registry.tasks=services/model-registry/tasks
            """)

    @OptionGroup var options: ServiceOptions

    func run() async throws {
        try await ServiceRunner.run("model-registry", keys: Self.keys, options: options) {
            try MosquittoBus(options: $0, logger: $1)
        } build: { context, configuration in
            let http = try HTTPService.ifConfigured(configuration, context)
            return try await RegistryApp(configuration: configuration, context: context).services + http
        }
    }
}
