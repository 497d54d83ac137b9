/// A change of unit: `value * scale + offset`.
public struct UnitConversion: Sendable, Equatable {
    public static let identity = UnitConversion(scale: 1, offset: 0)

    public var scale: Double
    public var offset: Double

    public init(scale: Double, offset: Double) {
        self.scale = scale
        self.offset = offset
    }

    /// The conversion from one unit to another, by any of their usual names; a unit to itself always converts.
    ///
    /// - Throws: ``SourceError`` `.unit` where either is unknown or they measure different things.
    public init(from: String, to: String) throws(SourceError) {
        if from == to {
            self = .identity
            return
        }
        guard let source = Self.table[from], let target = Self.table[to] else {
            let unknown = Self.table[from] == nil ? from : to
            throw SourceError(.unit, "no unit \"\(unknown)\" is known, so \"\(from)\" cannot become \"\(to)\"")
        }
        guard source.quantity == target.quantity else {
            throw SourceError(
                .unit, "\"\(from)\" measures \(source.quantity.rawValue) and \"\(to)\" \(target.quantity.rawValue)")
        }
        scale = source.scale / target.scale
        offset = (source.offset - target.offset) / target.scale
    }

    public func callAsFunction(_ value: Double) -> Double { value * scale + offset }

    /// Whether a unit's name stands in the table.
    public static func knows(_ unit: String) -> Bool { table[unit] != nil }

    private enum Quantity: String {
        case temperature, pressure, acceleration, fraction, illuminance, power, energy, voltage, current, length, time
        case angularRate = "angular rate"
    }

    /// A unit in its quantity's first: `value * scale + offset`.
    private struct Unit {
        let quantity: Quantity
        let scale: Double
        let offset: Double
    }

    /// Quantity, scale, offset, then every name. Scales are exact by definition (SI, ISO 80000; inHg and mmHg as in NIST
    /// SP 811), the foot-candle to ten digits.
    private static let rows: [(Quantity, Double, Double, [String])] = [
        (.temperature, 1, 0, ["°C", "C", "Cel", "degC", "celsius"]),
        (.temperature, 5.0 / 9, -160.0 / 9, ["°F", "F", "degF", "fahrenheit"]),
        (.temperature, 1, -273.15, ["K", "kelvin"]),
        (.pressure, 1, 0, ["Pa"]), (.pressure, 100, 0, ["hPa", "mbar"]), (.pressure, 1000, 0, ["kPa"]),
        (.pressure, 100_000, 0, ["bar"]), (.pressure, 6894.757293168, 0, ["psi"]),
        (.pressure, 133.3224, 0, ["mmHg"]), (.pressure, 3386.389, 0, ["inHg"]),
        (.acceleration, 1, 0, ["m/s2", "m/s²", "m/s^2"]), (.acceleration, 9.80665, 0, ["g"]),
        (.acceleration, 0.00980665, 0, ["mg"]),
        (.fraction, 1, 0, ["%", "%RH", "percent"]), (.fraction, 100, 0, ["/", "1"]),
        (.fraction, 1e-4, 0, ["ppm"]), (.fraction, 1e-7, 0, ["ppb"]),
        (.illuminance, 1, 0, ["lx", "lux"]), (.illuminance, 1000, 0, ["klx"]),
        (.illuminance, 10.76391042, 0, ["fc"]),
        (.power, 1, 0, ["W"]), (.power, 1e-3, 0, ["mW"]), (.power, 1000, 0, ["kW"]), (.power, 1e6, 0, ["MW"]),
        (.energy, 1, 0, ["J"]), (.energy, 3600, 0, ["Wh"]), (.energy, 3.6e6, 0, ["kWh"]), (.energy, 1e6, 0, ["MJ"]),
        (.voltage, 1, 0, ["V"]), (.voltage, 1e-3, 0, ["mV"]),
        (.current, 1, 0, ["A"]), (.current, 1e-3, 0, ["mA"]),
        (.length, 1, 0, ["m"]), (.length, 0.01, 0, ["cm"]), (.length, 1e-3, 0, ["mm"]),
        (.time, 1, 0, ["s"]), (.time, 1e-3, 0, ["ms"]),
        (.angularRate, 1, 0, ["rad/s"]), (.angularRate, .pi / 180, 0, ["°/s", "deg/s"]),
    ]

    private static let table: [String: Unit] = {
        var table: [String: Unit] = [:]
        for (quantity, scale, offset, names) in rows {
            for name in names { table[name] = Unit(quantity: quantity, scale: scale, offset: offset) }
        }
        return table
    }()
}
