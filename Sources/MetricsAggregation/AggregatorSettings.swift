import ServiceRuntime

/// The aggregator's configuration, checked.
struct AggregatorSettings: Sendable {
    static let keys = [
        ConfigurationKey(
            "aggregator.publishSeconds", .number, default: "1",
            help: "Seconds between publications of summaries that changed."),
        ConfigurationKey(
            "aggregator.storeSeconds", .number, default: "0.5",
            help: "Seconds between writes to the database: what a killed process loses at most."),
        ConfigurationKey(
            "aggregator.records", .integer, default: "100000",
            help: "Windows held in memory, whose decision, verdict and truth change at once; older ones are on disk."),
        ConfigurationKey(
            "aggregator.storedRecords", .integer, default: "2000000",
            help:
                "Windows held on disk, which a late verdict or label still reaches; older ones stay in the sums alone."),
        ConfigurationKey(
            "aggregator.recordSeconds", .number, default: "604800",
            help: "Seconds after its arrival that a window can still change, e.g. by a late label."),
        ConfigurationKey(
            "aggregator.intervals", .integer, default: "4096",
            help: "Truths, and as many labels, kept for each device; the oldest go first."),
        ConfigurationKey(
            "aggregator.queue", .integer, default: "100000",
            help: "Messages waiting to be counted at most; beyond, the oldest are dropped and counted."),
    ]

    var publishInterval: Duration
    var storeInterval: Duration
    var limits: JoinLimits
    var queue: Int

    /// - Throws: `ConfigurationError` that names the key at fault.
    init(_ configuration: ServiceConfiguration) throws(ConfigurationError) {
        publishInterval = .seconds(try configuration.number("aggregator.publishSeconds", within: 0.01...3600))
        storeInterval = .seconds(try configuration.number("aggregator.storeSeconds", within: 0.01...60))
        queue = try configuration.integer("aggregator.queue", within: 1...10_000_000)
        limits = JoinLimits()
        limits.records = try configuration.integer("aggregator.records", within: 16...10_000_000)
        limits.storedRecords = try configuration.integer("aggregator.storedRecords", within: 1000...1_000_000_000)
        limits.seconds = try configuration.number("aggregator.recordSeconds", within: 1...366 * 86_400)
        limits.intervals = try configuration.integer("aggregator.intervals", within: 16...1_000_000)
    }
}
