/// Reads what a battery gives (Linux power_supply) while the device runs from it.
///
/// On mains the battery tells nothing of the device: such time is not metered, and only widens the upper bound.
public struct BatteryMeter: EnergyMeter {
    public static let defaultRoot = "/sys/class/power_supply"

    /// What the gauge showed at once.
    private struct Reading: Sendable {
        var time: Double
        var isDischarging: Bool
        /// Joules, or coulombs where the gauge counts charge.
        var amount: Double
        /// Volts; 1 where the gauge counts energy.
        var volts: Double
    }

    public let name = "battery"
    private let folder: String
    private let countsCharge: Bool
    private var last: Reading
    private var joules = 0.0
    private var low = 0.0
    private var high = 0.0
    /// The least that the gauge went on at once: it shows no less.
    private var resolution = 0.0
    private var highestPower = 0.0
    /// Seconds on mains since the gauge last discharged.
    private var onMains = 0.0

    /// - Throws: ``EnergyError`` `.absent` where there is no battery with a gauge, or none in use now; `.notPermitted`.
    public init(root: String = Self.defaultRoot, now: Double) throws(EnergyError) {
        var found: String?
        for supply in SystemFile.names(in: root) where found == nil {
            let folder = "\(root)/\(supply)"
            guard SystemFile.exists("\(folder)/type"), try SystemFile.line("\(folder)/type") == "Battery" else {
                continue
            }
            // A mouse's or a headset's battery is none of this device's.
            if SystemFile.exists("\(folder)/scope"), try SystemFile.line("\(folder)/scope") == "Device" { continue }
            if SystemFile.exists("\(folder)/energy_now")
                || (SystemFile.exists("\(folder)/charge_now") && SystemFile.exists("\(folder)/voltage_now"))
            {
                found = folder
            }
        }
        guard let found else { throw EnergyError(.absent, "\(root) has no battery with a gauge") }
        folder = found
        countsCharge = !SystemFile.exists("\(found)/energy_now")
        last = try Self.reading(found, countsCharge: countsCharge, now: now)
        guard last.isDischarging else {
            throw EnergyError(.absent, "\(found) is not discharging: on mains it does not tell what the device uses")
        }
    }

    private static func reading(
        _ folder: String, countsCharge: Bool, now: Double
    ) throws(EnergyError) -> Reading {
        let isDischarging = try SystemFile.line("\(folder)/status") == "Discharging"
        // Microampere-hours and microwatt-hours.
        let amount = try SystemFile.number("\(folder)/\(countsCharge ? "charge_now" : "energy_now")") * 3600 / 1e6
        let volts = countsCharge ? try SystemFile.number("\(folder)/voltage_now") / 1e6 : 1
        return Reading(time: now, isDischarging: isDischarging, amount: amount, volts: volts)
    }

    /// `host`: measured, scope battery; within one step of the gauge, and between the voltages at both ends.
    public mutating func read(now: Double) throws(EnergyError) -> [String: EnergyFigure] {
        let reading = try Self.reading(folder, countsCharge: countsCharge, now: now)
        let seconds = max(0, now - last.time)
        let used = last.amount - reading.amount
        if reading.isDischarging && last.isDischarging && used >= 0 {
            let step = used * (reading.volts + last.volts) / 2
            joules += step
            low += used * min(reading.volts, last.volts)
            high += used * max(reading.volts, last.volts)
            if step > 0 {
                resolution = resolution > 0 ? min(resolution, step) : step
                if seconds > 0 { highestPower = max(highestPower, step / seconds) }
            }
        } else {
            onMains += seconds
        }
        last = reading
        return [
            "host": EnergyFigure(
                value: joules, low: max(0, low - resolution), high: high + resolution + onMains * highestPower,
                method: .measured, meter: name, scope: "battery")
        ]
    }
}
