/// How hard the broker tries to deliver a message (MQTT quality of service).
public enum QualityOfService: UInt8, Sendable, Comparable {
    case atMostOnce = 0
    case atLeastOnce = 1

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// A message on the bus.
public struct BusMessage: Sendable, Equatable {
    public var topic: String
    public var payload: [UInt8]
    public var qos: QualityOfService
    /// Outward: the broker keeps it for newcomers. Inward: it was kept, not sent just now.
    public var retained: Bool
    /// MQTT 5 message expiry in seconds; a 3.1.1 connection leaves it out.
    public var expiry: UInt32?
    /// MQTT 5 content type; a 3.1.1 connection leaves it out.
    public var contentType: String?

    public init(
        topic: String, payload: [UInt8], qos: QualityOfService = .atLeastOnce, retained: Bool = false,
        expiry: UInt32? = nil, contentType: String? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retained = retained
        self.expiry = expiry
        self.contentType = contentType
    }

    public init(
        topic: String, text: String, qos: QualityOfService = .atLeastOnce, retained: Bool = false
    ) {
        self.init(topic: topic, payload: Array(text.utf8), qos: qos, retained: retained)
    }
}
