import Telemetry

/// The offers that are retained on the bus, as far as they may matter here.
struct OfferBook: Sendable {
    struct Key: Hashable, Sendable {
        let base: String
        let target: String
    }

    /// Offers kept for a model; the oldest go first, except those for what is desired.
    static let limit = 64
    /// Bytes of an offer that could be installed at all.
    static let byteLimit = 64 << 20

    private var offers: [Key: OfferMessage] = [:]
    private var order: [Key] = []

    mutating func put(_ offer: OfferMessage, desired: String?) {
        let key = Key(base: offer.base, target: offer.target)
        order.removeAll { $0 == key }
        order.append(key)
        offers[key] = offer
        guard order.count > Self.limit else { return }
        let victim = order.first { $0.target != desired } ?? key
        order.removeAll { $0 == victim }
        offers[victim] = nil
    }

    mutating func remove(base: String, target: String) {
        let key = Key(base: base, target: target)
        offers[key] = nil
        order.removeAll { $0 == key }
    }

    func offer(base: String, target: String) -> OfferMessage? { offers[Key(base: base, target: target)] }

    var count: Int { offers.count }
}
