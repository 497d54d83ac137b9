import ArgumentParser
import FleetConsole
import JSON
import Telemetry

/// Lists the devices of a running fleet.
struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "List the devices of a running fleet with their last decision and accuracy.",
        discussion: """
            One row for each device and model: whether its edge hears it, the last decision, windows decided and scored. \
            With --json an array of objects {"site", "device", "state", "models": {...}}, as on fleet/device/.

              retort devices
              retort devices --json | jq -r '.[] | select(.state != "online") | .device'
            """, subcommands: [List.self, Forget.self], defaultSubcommand: List.self)

    /// Takes back what is retained about devices.
    struct Forget: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back all that is retained about devices, also in Home Assistant.",
            discussion: """
                Empties their retained topics: availability, state, what is known of them, their summary and their description \
                to Home Assistant. Their edge forgets them too. One that speaks on comes back.

                  retort devices forget home/wrist-7
                  retort devices forget 'home/old-*' --dry-run
                """)

        @OptionGroup var cluster: ClusterOptions
        @Argument(
            help: "Devices: SITE/DEVICE, with * for any run of characters.", completion: Completions.devices)
        var devices: [String]
        @Option(help: "Home Assistant's discovery prefix.") var homeAssistant = HomeAssistantTopic.defaultPrefix
        @Flag(help: "Take back the descriptions to Home Assistant alone, as after switching it off.")
        var onlyHomeAssistant = false
        @Flag(help: "Show the topics; change nothing.") var dryRun = false

        func validate() throws {
            for device in devices where device.split(separator: "/").count != 2 {
                throw ValidationError(
                    "\"\(device)\" names no device: write SITE/DEVICE, as `retort devices` lists them")
            }
        }

        func run() async throws {
            let topics = try await cluster.withClient { client in
                try await DeviceForget(
                    patterns: devices, prefix: homeAssistant, onlyHomeAssistant: onlyHomeAssistant, client: client
                ).run(isDry: dryRun)
            }
            for topic in topics { print(topic) }
            guard !topics.isEmpty else {
                throw FleetConsoleError(.notFound, "nothing is retained about \(devices.joined(separator: ", "))")
            }
        }
    }

    /// The devices there are.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the devices of a running fleet.")

        @OptionGroup var cluster: ClusterOptions
        @Flag(help: "Write JSON.") var json = false

        func run() async throws {
            let fleet = try await cluster.withClient { try await $0.fleet(now: ClusterOptions.now()) }
            guard fleet.summary != nil else { throw FleetConsoleError.noAggregator }
            if json {
                print(FleetTables.devicesJSON(fleet).prettyText, terminator: "")
                return
            }
            let table = FleetTables.devices(fleet)
            print(table.isEmpty ? "no device has been heard yet" : table.text)
        }
    }
}
