public import ArgumentParser

/// The command line options that every service has.
public struct ServiceOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Configuration file (JSON).", valueName: "file"))
    public var config: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Set a configuration key; may be repeated.", valueName: "key=value"))
    public var settings: [String] = []

    @Flag(help: "Print the effective configuration as JSON, without secrets, and exit.")
    public var printConfig = false

    @Flag(help: "Exit with 0 if the process that runs with this configuration is well, else with 1.")
    public var checkHealth = false

    public init() {}
}
