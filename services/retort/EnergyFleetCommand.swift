import ArgumentParser
import FleetConsole
import JSON

/// The joules of a running fleet.
struct EnergyFleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet",
        abstract: "Show a running fleet's joules by cause, edge and version, with method and bounds.",
        discussion: """
            Joules an inference and a correct decision include what the last column names. A method is measured (a meter's \
            whole scope), apportioned (a measured total split by a stated rule) or modelled (a device profile).

              retort energy
              retort energy --json | jq '.versions[] | {version, joules: .joulesPerInference.value}'

            --json: {"t", "causes": {CAUSE: {"value", "low", "high", "method", "includes"}}, "edges": [{"site", "edge", \
            "state", "windows", "joules": {CAUSE: ...}}], "versions": [{"model", "version", "joulesPerInference", \
            "joulesPerCorrect"}]}.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Flag(help: "Write JSON.") var json = false

    func run() async throws {
        let fleet = try await cluster.withClient { try await $0.fleet(now: ClusterOptions.now()) }
        guard fleet.summary != nil else { throw FleetConsoleError.noAggregator }
        let energy = FleetEnergy(fleet, now: ClusterOptions.now())
        if json {
            print(energy.json.prettyText, terminator: "")
        } else {
            print(energy.isEmpty ? "no edge has told of its joules yet" : energy.text)
        }
    }
}
