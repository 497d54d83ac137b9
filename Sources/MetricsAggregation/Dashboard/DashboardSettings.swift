import ServiceRuntime

/// The dashboard's configuration, checked.
struct DashboardSettings: Sendable, Equatable {
    static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "dashboard.listeners", .integer, default: "64",
            help: "Pages that are kept up to date at once; more are refused."),
        ConfigurationKey(
            "dashboard.previews", .integer, default: "8",
            help: "Devices whose live signal is asked for at once; 0 asks for none."),
        ConfigurationKey(
            "dashboard.topics", .integer, default: "50000",
            help: "Topics of the fleet whose newest message is held for pages; more are counted and left out."),
        ConfigurationKey(
            "dashboard.charts", .string, default: "/usr/share/javascript/dygraphs",
            help: "Folder of Debian's libjs-dygraphs, which draws the charts; without it pages show tables."),
        ConfigurationKey(
            "dashboard.files", .string, default: nil,
            help: "Folder to serve the pages' own files from instead of those built in, while working on them."),
    ]

    var listeners: Int
    var previews: Int
    var topics: Int
    var charts: String
    var files: String?

    /// - Throws: `ConfigurationError` that names the key at fault.
    init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        listeners = try configuration.integer("dashboard.listeners", within: 1...500)
        previews = try configuration.integer("dashboard.previews", within: 0...500)
        topics = try configuration.integer("dashboard.topics", within: 16...1_000_000)
        charts = try configuration.string("dashboard.charts")
        files = configuration.optionalString("dashboard.files")
    }
}
