import ArgumentParser
import FleetConsole
import JSON

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
            """)

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
