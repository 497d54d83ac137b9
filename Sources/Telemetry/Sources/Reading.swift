/// One value of one channel.
public struct Reading: Sendable, Equatable {
    public var channel: String
    /// Unix seconds: the publisher's, or when the message came.
    public var t: Double
    /// Whether `t` is when the message came.
    public var timeIsArrival: Bool
    /// NaN where a channel that speaks on change says that it has none any more.
    public var value: Double
    /// Of `value`; nothing where nobody said.
    public var unit: String?

    public init(channel: String, t: Double, timeIsArrival: Bool = false, value: Double, unit: String? = nil) {
        self.channel = channel
        self.t = t
        self.timeIsArrival = timeIsArrival
        self.value = value
        self.unit = unit
    }
}

/// What a message says of one device.
public struct DeviceReadings: Sendable, Equatable {
    public var device: DeviceID
    /// The publisher's own name for it, before it was made a slug.
    public var originalName: String
    public var readings: [Reading] = []
    /// Charge of the device's battery, 0 to 100.
    public var batteryPercent: Double?
    /// Volts of the device's supply.
    public var supplyVolts: Double?
}

/// What a source makes of a message.
public struct DecodedMessage: Sendable, Equatable {
    /// Something in a message that could not be used; the rest was.
    public struct Issue: Sendable, Equatable {
        /// A path or a channel.
        public var place: String
        public var reason: String
    }

    /// The source's name.
    public var source: String
    public var devices: [DeviceReadings]
    /// At most 20.
    public var issues: [Issue] = []
}
