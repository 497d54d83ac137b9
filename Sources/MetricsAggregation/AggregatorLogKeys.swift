/// Keys of log metadata.
enum AggregatorLogKeys {
    static let error = "error"
    static let records = "aggregator.records"
    static let versions = "aggregator.versions"
    static let topics = "bus.topics"
    static let alert = "aggregator.alert"
    static let reason = "reason"
}
