import BusAPI

/// Who subscribed to what, and who therefore receives a message.
///
/// Every pattern has a number. An MQTT 5 broker repeats it with each message (subscription identifier), and may send one
/// message several times where patterns overlap; then each copy goes to the subscriptions whose first matching
/// filter has that pattern, so that each receives the message once. Without identifiers a broker sends one copy, which
/// goes to every subscription it matches.
struct SubscriptionTable {
    typealias Waiter = CheckedContinuation<Result<Void, BusError>, Never>

    private struct Entry {
        let subscription: BusSubscription
        /// Patterns the broker has yet to grant.
        var ungranted: Set<String>
        var waiter: Waiter?
    }

    private var entries: [Entry] = []
    private var numbers: [String: UInt32] = [:]
    private var patterns: [UInt32: String] = [:]
    private var holders: [String: [BusSubscription]] = [:]
    private var pastDrops = 0
    private var isClosed = false

    var dropped: Int { entries.reduce(pastDrops) { $0 + $1.subscription.dropped } }

    /// What has to be asked of a broker that knows nothing of us.
    var requests: [SubscriptionRequest] { requests(for: holders.keys.sorted()) }

    func requests(for subscription: BusSubscription) -> [SubscriptionRequest] {
        requests(for: Set(subscription.filters.map(\.pattern)).sorted())
    }

    private func requests(for patterns: [String]) -> [SubscriptionRequest] {
        patterns.compactMap { pattern in
            guard let number = numbers[pattern] else { return nil }
            let qos = (holders[pattern] ?? []).flatMap(\.filters).filter { $0.pattern == pattern }.map(\.qos).max()
            return SubscriptionRequest(pattern: pattern, qos: qos ?? .atLeastOnce, number: number)
        }
    }

    /// Adds a subscription whose waiter is resumed when all of it is granted; false where the table is closed.
    mutating func add(_ subscription: BusSubscription, _ waiter: Waiter) -> Bool {
        guard !isClosed else { return false }
        let own = Set(subscription.filters.map(\.pattern))
        entries.append(Entry(subscription: subscription, ungranted: own, waiter: waiter))
        for pattern in own {
            holders[pattern, default: []].append(subscription)
            if numbers[pattern] == nil {
                // Numbers are small because each message carries them; they are never used twice.
                let number = UInt32(numbers.count + 1)
                numbers[pattern] = number
                patterns[number] = pattern
            }
        }
        return true
    }

    /// Removes a subscription; returns who waits for it and the patterns nobody holds any more.
    mutating func remove(_ subscription: BusSubscription) -> (waiter: Waiter?, unused: [String]) {
        guard let at = entries.firstIndex(where: { $0.subscription === subscription }) else { return (nil, []) }
        pastDrops += subscription.dropped
        let entry = entries.remove(at: at)
        var unused: [String] = []
        for pattern in Set(subscription.filters.map(\.pattern)) {
            holders[pattern]?.removeAll { $0 === subscription }
            if holders[pattern]?.isEmpty ?? true {
                holders[pattern] = nil
                unused.append(pattern)
            }
        }
        return (entry.waiter, unused.sorted())
    }

    /// The broker granted a pattern; returns whose subscription is thereby complete.
    mutating func granted(_ pattern: String) -> [Waiter] {
        var complete: [Waiter] = []
        for i in entries.indices where entries[i].ungranted.remove(pattern) != nil && entries[i].ungranted.isEmpty {
            if let waiter = entries[i].waiter { complete.append(waiter) }
            entries[i].waiter = nil
        }
        return complete
    }

    /// The broker refused a pattern: who still waited for it is removed and returned.
    mutating func refused(_ pattern: String) -> [Waiter] {
        let hit = entries.filter { $0.waiter != nil && $0.ungranted.contains(pattern) }.map(\.subscription)
        return hit.compactMap { remove($0).waiter }
    }

    /// The connection went: who still waits needs every pattern granted by the next broker.
    mutating func connectionLost() {
        for i in entries.indices where entries[i].waiter != nil {
            entries[i].ungranted = Set(entries[i].subscription.filters.map(\.pattern))
        }
    }

    /// Ends everything; returns what to finish and whom to tell.
    mutating func close() -> (subscriptions: [BusSubscription], waiters: [Waiter]) {
        isClosed = true
        pastDrops = dropped
        defer {
            entries = []
            holders = [:]
        }
        return (entries.map(\.subscription), entries.compactMap(\.waiter))
    }

    /// Who receives a message that came with these numbers, or without any.
    func receivers(of topic: String, numbers: [UInt32]) -> [BusSubscription] {
        guard !numbers.isEmpty else { return entries.map(\.subscription).filter { $0.matches(topic) } }
        if numbers.count == 1, let pattern = patterns[numbers[0]], let holders = holders[pattern] {
            // The common case, without allocation.
            if holders.allSatisfy({ $0.filters.count == 1 }) { return holders }
        }
        let named = numbers.compactMap { patterns[$0] }.filter { BusFilter.matches(pattern: $0, topic: topic) }
        // A broker that kept our session may still use the numbers of an earlier process.
        guard !named.isEmpty else { return receivers(of: topic, numbers: []) }
        return entries.map(\.subscription).filter { subscription in
            guard let first = subscription.filters.first(where: { $0.matches(topic) }) else { return false }
            return named.contains(first.pattern)
        }
    }
}

/// One pattern to subscribe to.
struct SubscriptionRequest: Sendable {
    let pattern: String
    let qos: QualityOfService
    /// The MQTT 5 subscription identifier.
    let number: UInt32
}
