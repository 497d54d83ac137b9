import ArgumentParser
import BusMosquitto
import ServiceRuntime
import Sparkplug

/// The bridge's process.
@main
struct SparkplugBridgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sparkplug-bridge",
        abstract: "Republishes Sparkplug B as telemetry that edges read.",
        discussion: """
            Listens to spBv1.0/#, keeps the births' names and aliases, and publishes each device's values as flat JSON. \
            Nodes whose birth was missed are asked for it.

            \(ServiceConfiguration.help(for: SparkplugBridgeApp.keys))

            EXAMPLE:
              sparkplug-bridge --set bus.url=mqtt://localhost --set sparkplug.group=plant-7
            """)

    @OptionGroup var options: ServiceOptions

    func run() async throws {
        try await ServiceRunner.run("sparkplug-bridge", keys: SparkplugBridgeApp.keys, options: options) {
            try MosquittoBus(options: $0, logger: $1)
        } build: { context, configuration in
            try SparkplugBridgeApp(configuration: configuration, context: context).services
        }
    }
}
