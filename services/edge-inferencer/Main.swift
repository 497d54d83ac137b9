import ArgumentParser
import BusMosquitto
import EdgeInference
import ServiceRuntime

/// The edge's process.
@main
struct EdgeInferencer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge-inferencer",
        abstract: "Runs small neural networks on the telemetry of one site.",
        discussion: """
            Reads telemetry/{site}/+, cuts windows, runs the signed student of each task, publishes inference/ and \
            state/, uploads the windows it is unsure of, meters energy, and installs releases that are signed for it. \
            It opens no port; --check-health reads its heartbeat file. While the broker is away it goes on, and keeps \
            uploads on disk.

            \(ServiceConfiguration.help(for: EdgeInferenceApp.keys))

            EXAMPLE:
              edge-inferencer --set bus.url=mqtt://localhost --set service.instance=gw-1 \\
                  --set edge.site=home --set edge.rootFile=/etc/retort/root.json
            """)

    @OptionGroup var options: ServiceOptions

    func run() async throws {
        try await ServiceRunner.run("edge-inferencer", keys: EdgeInferenceApp.keys, options: options) {
            try MosquittoBus(options: $0, logger: $1)
        } build: { context, configuration in
            try await EdgeInferenceApp(configuration: configuration, context: context).services
        }
    }
}
