import Testing

@testable import Telemetry

@Suite("Units")
struct UnitConversionTests {
    @Test(
        "Known pairs convert both ways",
        arguments: [
            ("°F", "°C", 212.0, 100.0), ("K", "°C", 273.15, 0), ("Cel", "°F", 37, 98.6),
            ("hPa", "Pa", 1013.25, 101_325),
            ("psi", "kPa", 1, 6.894757293168), ("g", "m/s2", 1, 9.80665), ("m/s²", "g", 19.6133, 2),
            ("mg", "g", 500, 0.5),
            ("/", "%", 0.5, 50), ("ppm", "%", 10_000, 1), ("%RH", "%", 42, 42), ("kWh", "J", 1, 3_600_000),
            ("mW", "W", 250, 0.25), ("klx", "lx", 2, 2000), ("mV", "V", 2985, 2.985), ("°/s", "rad/s", 180, Double.pi),
        ])
    func pairs(from: String, to: String, value: Double, expected: Double) throws {
        #expect(abs(try UnitConversion(from: from, to: to)(value) - expected) < 1e-9 * max(1, abs(expected)))
        #expect(abs(try UnitConversion(from: to, to: from)(expected) - value) < 1e-9 * max(1, abs(value)))
    }

    @Test("A unit is itself also where nobody knows it; other pairs are refused by name")
    func refused() throws {
        #expect(try UnitConversion(from: "furlong", to: "furlong") == .identity)
        #expect(throws: SourceError(.unit, "\"°C\" measures temperature and \"Pa\" pressure")) {
            try UnitConversion(from: "°C", to: "Pa")
        }
        #expect(throws: SourceError.self) { try UnitConversion(from: "furlong", to: "m") }
    }
}
