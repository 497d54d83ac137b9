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
        func integer(_ key: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
            let value = try configuration.integer(key)
            guard range.contains(value) else {
                throw ConfigurationError(
                    key: key, "\(key): must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
            }
            return value
        }
        listeners = try integer("dashboard.listeners", 1...500)
        previews = try integer("dashboard.previews", 0...500)
        topics = try integer("dashboard.topics", 16...1_000_000)
        charts = try configuration.string("dashboard.charts")
        files = configuration.optionalString("dashboard.files")
    }
}
