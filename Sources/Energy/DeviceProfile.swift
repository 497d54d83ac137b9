/// What a kind of device draws, for figures that no meter gives.
public struct DeviceProfile: Sendable, Equatable {
    /// With a revision: `rpi5@1`.
    public var name: String
    /// Watts that one busy core adds to the idle device.
    public var activeCore: EnergyBounds
    /// Watts of the whole idle device.
    public var idle: EnergyBounds
    public var radio: RadioProfile

    public init(name: String, activeCore: EnergyBounds, idle: EnergyBounds, radio: RadioProfile) {
        self.name = name
        self.activeCore = activeCore
        self.idle = idle
        self.radio = radio
    }

    /// A small x86 gateway of the Intel N100 class on Ethernet.
    ///
    /// - Source: idle 5 to 10 W at the wall is what reviews of such fanless boxes report; the processor's base power
    ///   is 6 W and boxes draw 18 to 25 W with four cores busy, so a core adds (18 − 6) / 4 ≈ 3 W; the bounds are one
    ///   core of the base power (1.5 W) and single-core turbo (6 W).
    public static let x86Gateway1 = DeviceProfile(
        name: "x86-gateway@1", activeCore: EnergyBounds(3.0, low: 1.5, high: 6.0),
        idle: EnergyBounds(6.5, low: 4.0, high: 10.0), radio: .ethernet1)

    /// Raspberry Pi 5 on Wi-Fi.
    ///
    /// - Source: typical active current of the bare board is 800 mA at 5 V (Raspberry Pi documentation, power supply);
    ///   about 2.7 W idle and 7 to 8.8 W with four cores busy are commonly measured, so a core adds
    ///   (7.9 − 2.7) / 4 ≈ 1.3 W.
    public static let raspberryPi5 = DeviceProfile(
        name: "rpi5@1", activeCore: EnergyBounds(1.3, low: 0.9, high: 1.8),
        idle: EnergyBounds(2.7, low: 2.3, high: 3.3), radio: .wifi1)

    /// Raspberry Pi 4 on Wi-Fi.
    ///
    /// - Source: 2.2 to 3.0 W idle and 5.1 to 6.3 W under load at the supply (chipwired.com, 36 readings with three
    ///   meters), four cores: (5.4 − 2.2) / 4 = 0.8 W a core.
    public static let raspberryPi4 = DeviceProfile(
        name: "rpi4@1", activeCore: EnergyBounds(0.8, low: 0.6, high: 1.2),
        idle: EnergyBounds(2.3, low: 1.8, high: 3.0), radio: .wifi1)

    public static let builtIn: [DeviceProfile] = [x86Gateway1, raspberryPi5, raspberryPi4]

    /// The built-in profile of that name.
    public static func named(_ name: String) -> DeviceProfile? { builtIn.first { $0.name == name } }

    /// Joules that `seconds` of processor time cost, above idling.
    public func compute(seconds: Double) -> EnergyFigure {
        EnergyFigure(max(0, seconds), times: activeCore, meter: "cpu-time", profile: name)
    }
}
