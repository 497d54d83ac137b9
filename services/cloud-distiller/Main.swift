import ArgumentParser
import BusMosquitto
import CloudDistillation
import ServiceHTTP
import ServiceRuntime

/// The distiller's process.
@main
struct CloudDistiller: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloud-distiller",
        abstract: "Trains teachers and distills them into students for the edges.",
        discussion: """
            Collects uploaded windows (window/) and joins them with labels (label/), which may come late, be corrected \
            or be withdrawn. Trains a teacher, distills it into an int8 student, offers it to the registry as a \
            candidate, and answers windows that want a verdict with the teacher's probabilities. Devices that a task \
            keeps for evaluation never train, and truth/ is not read at all.

            A model's first job starts by itself once every class has enough labelled windows; later ones are asked \
            for on job/request. What was collected survives a restart in service.state.

            \(ServiceConfiguration.help(for: keys))

            EXAMPLE:
              cloud-distiller --set bus.url=mqtt://localhost --set jobs.automatic=false
            """)

    private static let keys = CloudDistillationApp.keys + HTTPSettings.keys

    @OptionGroup var options: ServiceOptions

    func run() async throws {
        try await ServiceRunner.run("cloud-distiller", keys: Self.keys, options: options) {
            try MosquittoBus(options: $0, logger: $1)
        } build: { context, configuration in
            try await CloudDistillationApp(configuration: configuration, context: context).services
                + HTTPService.ifConfigured(configuration, context)
        }
    }
}
