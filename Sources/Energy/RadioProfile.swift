/// What moving bytes costs on a kind of link, beyond what the link draws when nothing moves.
public struct RadioProfile: Sendable, Equatable {
    /// With a revision, so that figures of different revisions are never mixed silently: `wifi@1`.
    public var name: String
    /// Joules per byte sent.
    public var sending: EnergyBounds
    /// Joules per byte received.
    public var receiving: EnergyBounds
    /// Joules per message, either way: headers, contention, the frame's way through the stack.
    public var message: EnergyBounds

    public init(name: String, sending: EnergyBounds, receiving: EnergyBounds, message: EnergyBounds) {
        self.name = name
        self.sending = sending
        self.receiving = receiving
        self.message = message
    }

    /// Wireless LAN, 802.11n class.
    ///
    /// - Source: 1 to 17 J per MB moved with conventional Wi-Fi equipment (Macnica, Hi-Q News, low-power Wi-Fi), whose
    ///   geometric mean is taken for sending; receiving at the ratio of receive to transmit power of common radios
    ///   (about 1 : 2). Per frame: 420 µJ sending and 330 µJ receiving (Feeney and Nilsson, INFOCOM 2001, 802.11)
    ///   bound it above; tens of µJ remain with later radios (Serrano et al., IEEE/ACM ToN 2014, the "cross-factor").
    public static let wifi1 = RadioProfile(
        name: "wifi@1", sending: EnergyBounds(4.1e-6, low: 1.0e-6, high: 17e-6),
        receiving: EnergyBounds(2.0e-6, low: 0.5e-6, high: 8.5e-6),
        message: EnergyBounds(150e-6, low: 30e-6, high: 420e-6))

    /// Wired gigabit Ethernet: the transceiver draws nearly the same whether or not bytes move.
    ///
    /// - Source: per byte some 3 to 6 nJ and per packet about 0.2 µJ in a router that was metered (Sivaraman et al.,
    ///   INFOCOM 2011, NetFPGA); the high bounds are ten times that, for hosts with slower links and unbatched
    ///   interrupts.
    public static let ethernet1 = RadioProfile(
        name: "ethernet@1", sending: EnergyBounds(5e-9, low: 2e-9, high: 50e-9),
        receiving: EnergyBounds(5e-9, low: 2e-9, high: 50e-9), message: EnergyBounds(2e-6, low: 0.2e-6, high: 20e-6))

    /// The cost of `bytes` in `messages` that were sent.
    public func sent(bytes: Int, messages: Int) -> EnergyFigure { figure(bytes, sending, messages) }

    /// The cost of `bytes` in `messages` that came in.
    public func received(bytes: Int, messages: Int) -> EnergyFigure { figure(bytes, receiving, messages) }

    private func figure(_ bytes: Int, _ cost: EnergyBounds, _ messages: Int) -> EnergyFigure {
        EnergyFigure(Double(bytes), times: cost, profile: name)
            + EnergyFigure(Double(messages), times: message, profile: name)
    }
}
