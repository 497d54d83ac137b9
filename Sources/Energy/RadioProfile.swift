public import JSON

/// What moving bytes costs on a kind of link, beyond what the link draws when nothing moves.
///
/// Bytes cost power times air time; a message costs some joules besides: headers, contention, waking the radio.
public struct RadioProfile: Sendable, Equatable {
    /// With a revision, so that figures of different revisions are never mixed silently: `wifi@2`.
    public var name: String
    public var about: String
    /// Watts while bytes go out, above the idle device.
    public var sendPower: EnergyBounds
    /// Watts while bytes come in, above the idle device.
    public var receivePower: EnergyBounds
    /// Bits a second that go out while the radio sends.
    public var sendRate: EnergyBounds
    /// Bits a second that come in while the radio receives.
    public var receiveRate: EnergyBounds
    /// Joules per message, either way.
    public var message: EnergyBounds
    /// Where each number comes from, by its key.
    public var sources: [String: String]

    /// Reads a radio's document.
    ///
    /// - Throws: ``EnergyError`` `.invalidProfile`, naming the key and what it needs.
    public init(json: JSONValue) throws(EnergyError) {
        let reader = try ProfileReader(json, kind: "radio")
        try reader.refuseUnknown(["name", "about", "send", "receive", "message"])
        name = try reader.revisionedName()
        about = try reader.text("about")
        sources = [:]
        let send = try reader.object("send")
        let receive = try reader.object("receive")
        for direction in [send, receive] { try direction.refuseUnknown(["power", "rate"]) }
        sendPower = try send.quantity("power", into: &sources)
        sendRate = try send.positive("rate", into: &sources)
        receivePower = try receive.quantity("power", into: &sources)
        receiveRate = try receive.positive("rate", into: &sources)
        message = try reader.quantity("message", into: &sources)
    }

    /// The document that ``init(json:)`` reads.
    public var json: JSONValue {
        func quantity(_ key: String, _ bounds: EnergyBounds) -> JSONValue { bounds.json(source: sources[key] ?? "") }
        return .object([
            "name": .string(name), "about": .string(about),
            "send": .object([
                "power": quantity("send.power", sendPower), "rate": quantity("send.rate", sendRate),
            ]),
            "receive": .object([
                "power": quantity("receive.power", receivePower), "rate": quantity("receive.rate", receiveRate),
            ]),
            "message": quantity("message", message),
        ])
    }

    /// Joules per byte sent.
    public var sending: EnergyBounds { Self.perByte(sendPower, sendRate) }
    /// Joules per byte received.
    public var receiving: EnergyBounds { Self.perByte(receivePower, receiveRate) }

    private static func perByte(_ power: EnergyBounds, _ rate: EnergyBounds) -> EnergyBounds {
        EnergyBounds(
            8 * power.value / rate.value, low: 8 * power.low / rate.high, high: 8 * power.high / rate.low)
    }

    /// The cost of `bytes` in `messages` that were sent.
    public func sent(bytes: Int, messages: Int) -> EnergyFigure { figure(bytes, sending, messages) }

    /// The cost of `bytes` in `messages` that came in.
    public func received(bytes: Int, messages: Int) -> EnergyFigure { figure(bytes, receiving, messages) }

    /// Seconds on air for `bytes` that go out.
    public func secondsSending(bytes: Int) -> EnergyBounds { Self.seconds(bytes, sendRate) }

    /// Seconds on air for `bytes` that come in.
    public func secondsReceiving(bytes: Int) -> EnergyBounds { Self.seconds(bytes, receiveRate) }

    private static func seconds(_ bytes: Int, _ rate: EnergyBounds) -> EnergyBounds {
        let bits = 8 * Double(bytes)
        return EnergyBounds(bits / rate.value, low: bits / rate.high, high: bits / rate.low)
    }

    private func figure(_ bytes: Int, _ cost: EnergyBounds, _ messages: Int) -> EnergyFigure {
        EnergyFigure(Double(bytes), times: cost, profile: name)
            + EnergyFigure(Double(messages), times: message, profile: name)
    }
}
