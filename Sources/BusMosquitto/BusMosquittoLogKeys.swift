/// Keys of this library's log metadata.
enum BusMosquittoLogKeys {
    static let clientID = "bus.client"
    static let broker = "bus.broker"
    static let reason = "bus.reason"
    static let retryIn = "bus.retry_in_ms"
    static let filter = "bus.filter"
    static let subscriptions = "bus.subscriptions"
}
