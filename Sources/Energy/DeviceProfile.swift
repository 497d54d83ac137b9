/// What a kind of device draws, for figures that no meter gives.
public struct DeviceProfile: Sendable, Equatable {
    /// With a revision: `rpi5@1`.
    public var name: String
    /// Watts that one busy core adds to the idle device.
    public var activeCore: EnergyBounds
    /// Watts of the whole idle device.
    public var idle: EnergyBounds
    public var radio: RadioProfile
    /// For devices too unlike the machine that plans for them: what one core computes in a second.
    public var throughput: Throughput?

    /// Multiply-accumulates a second of one core.
    public struct Throughput: Sendable, Equatable {
        public var int8: EnergyBounds
        public var float32: EnergyBounds
        public init(int8: EnergyBounds, float32: EnergyBounds) {
            self.int8 = int8
            self.float32 = float32
        }
    }

    public init(
        name: String, activeCore: EnergyBounds, idle: EnergyBounds, radio: RadioProfile, throughput: Throughput? = nil
    ) {
        self.name = name
        self.activeCore = activeCore
        self.idle = idle
        self.radio = radio
        self.throughput = throughput
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

    /// A microcontroller of the STM32L4+ class: Cortex-M4F at 120 MHz and 3.3 V, Wi-Fi module.
    ///
    /// - Source: 110 µA/MHz running from its linear regulator and about 43 µA/MHz from a step-down converter
    ///   (STM32L4R5 data sheet): 120 MHz · 3.3 V · 110 µA/MHz = 44 mW, 17 mW at best; older families of the core draw
    ///   up to three times as much. int8: CMSIS-NN does 12.3 M multiply-accumulates in 99.1 ms on a dual-issue
    ///   Cortex-M7 at 216 MHz (Lai et al. 2018, arXiv:1801.06601, §4), 0.57 a cycle, of which a single-issue M4 reaches
    ///   about half; plain C about 0.1. float32: a fused multiply-add takes three cycles besides two loads, 0.1 to
    ///   0.25 a cycle.
    public static let cortexM4 = DeviceProfile(
        name: "cortex-m4@1", activeCore: EnergyBounds(0.044, low: 0.017, high: 0.13),
        idle: EnergyBounds(0.0003, low: 0.00001, high: 0.01), radio: .wifi1,
        throughput: Throughput(
            int8: EnergyBounds(36e6, low: 12e6, high: 68e6), float32: EnergyBounds(18e6, low: 12e6, high: 30e6)))

    public static let builtIn: [DeviceProfile] = [x86Gateway1, raspberryPi5, raspberryPi4, cortexM4]

    /// The built-in profile of that name.
    public static func named(_ name: String) -> DeviceProfile? { builtIn.first { $0.name == name } }

    /// The newest built-in profile of a name with or without its revision: `cortex-m4`, as tasks name it.
    public static func matching(_ name: String) -> DeviceProfile? {
        named(name) ?? builtIn.last { $0.name.prefix { $0 != "@" } == name }
    }

    /// Joules that `seconds` of processor time cost, above idling.
    public func compute(seconds: Double) -> EnergyFigure {
        EnergyFigure(max(0, seconds), times: activeCore, meter: "cpu-time", profile: name)
    }

    /// Seconds that so many multiply-accumulates take; nothing where the profile does not say.
    ///
    /// - Returns: `low` and `high` by the highest and the lowest throughput.
    public func seconds(multiplyAccumulates: Int, int8: Bool) -> EnergyBounds? {
        guard let rate = int8 ? throughput?.int8 : throughput?.float32 else { return nil }
        let count = Double(multiplyAccumulates)
        return EnergyBounds(count / rate.value, low: count / rate.high, high: count / rate.low)
    }

    /// Joules above idling for a time that is itself known within bounds.
    public func compute(seconds: EnergyBounds) -> EnergyFigure {
        EnergyFigure(
            value: seconds.value * activeCore.value, low: seconds.low * activeCore.low,
            high: seconds.high * activeCore.high, method: .modelled, meter: nil, profile: name)
    }
}
