/// Reads a board's power sensor (Linux hwmon) and integrates it over time.
///
/// Only sensors that meter the whole board are used: a graphics card's or a drive's power is not the device's.
public struct HwmonMeter: EnergyMeter {
    public static let defaultRoot = "/sys/class/hwmon"
    /// Drivers whose input is the supply of a board: ACPI power meters and the usual shunt monitors.
    static let boardDrivers: Set<String> = [
        "power_meter", "ina209", "ina219", "ina220", "ina226", "ina228", "ina230", "ina231", "ina233", "ina237",
        "ina238",
        "ina260",
    ]
    /// Readings further apart than this, in seconds, are not bridged: the device slept or the process was stopped.
    static let longestGap = 60.0

    public let name = "hwmon"
    /// Files whose product is the power, with what one unit of each is in watts, or in amperes and volts.
    private let factors: [(path: String, scale: Double)]
    private var lastPower: Double
    private var lastRead: Double
    private var joules = 0.0
    private var low = 0.0
    private var high = 0.0

    /// - Throws: ``EnergyError`` `.absent` where no sensor of the board is there, `.notPermitted` where it may not be
    ///   read.
    public init(root: String = Self.defaultRoot, now: Double) throws(EnergyError) {
        var found: [(path: String, scale: Double)] = []
        for sensor in SystemFile.names(in: root) where found.isEmpty {
            let folder = "\(root)/\(sensor)"
            guard SystemFile.exists("\(folder)/name"),
                Self.boardDrivers.contains(try SystemFile.line("\(folder)/name"))
            else { continue }
            // Microwatts; else milliamperes of the shunt and millivolts of the bus.
            let power = ["power1_average", "power1_input"].map { "\(folder)/\($0)" }.first(where: SystemFile.exists)
            let product = ["curr1_input", "in1_input"].map { "\(folder)/\($0)" }
            if let power {
                found = [(power, 1e-6)]
            } else if product.allSatisfy(SystemFile.exists) {
                found = product.map { ($0, 1e-3) }
            }
        }
        guard !found.isEmpty else { throw EnergyError(.absent, "\(root) has no power sensor of the board") }
        factors = found
        lastPower = try Self.power(found)
        lastRead = now
    }

    private static func power(_ factors: [(path: String, scale: Double)]) throws(EnergyError) -> Double {
        var power = 1.0
        for factor in factors { power *= try SystemFile.number(factor.path) * factor.scale }
        return power
    }

    /// `host`: measured, scope board; between two readings the power is taken to have run straight, and the bounds are
    /// that it stood at the lower or the higher of the two.
    public mutating func read(now: Double) throws(EnergyError) -> [String: EnergyFigure] {
        let power = try Self.power(factors)
        let seconds = now - lastRead
        if seconds > 0 && seconds <= Self.longestGap {
            joules += seconds * (power + lastPower) / 2
            low += seconds * min(power, lastPower)
            high += seconds * max(power, lastPower)
        }
        lastPower = power
        lastRead = now
        return [
            "host": EnergyFigure(value: joules, low: low, high: high, method: .measured, meter: name, scope: "board")
        ]
    }
}
