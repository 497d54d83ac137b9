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
        func number(_ key: String, _ range: ClosedRange<Double>) throws(ConfigurationError) -> Double {
            let value = try configuration.number(key)
            guard range.contains(value) else {
                throw ConfigurationError(
                    key: key, "\(key): must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
            }
            return value
        }
        func integer(_ key: String, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
            let value = try configuration.integer(key)
            guard range.contains(value) else {
                throw ConfigurationError(
                    key: key, "\(key): must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
            }
            return value
        }
        publishInterval = .seconds(try number("aggregator.publishSeconds", 0.01...3600))
        storeInterval = .seconds(try number("aggregator.storeSeconds", 0.01...60))
        queue = try integer("aggregator.queue", 1...10_000_000)
        limits = JoinLimits()
        limits.records = try integer("aggregator.records", 16...10_000_000)
        limits.storedRecords = try integer("aggregator.storedRecords", 1000...1_000_000_000)
        limits.seconds = try number("aggregator.recordSeconds", 1...366 * 86_400)
        limits.intervals = try integer("aggregator.intervals", 16...1_000_000)
    }
}
