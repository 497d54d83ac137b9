public import Energy
import JSON

/// What a trace tells of a device: its power at work and asleep, and what an inference takes.
///
/// Values are means over all work or all sleep, by time. Bounds hold what 95 in 100 single stretches had, drift and noise
/// included, widened by the analyser's accuracy.
public struct TraceCalibration: Sendable, Equatable {
    /// Watts of the whole device at work.
    public var active: EnergyBounds
    /// Watts of the whole device asleep.
    public var sleep: EnergyBounds
    /// Joules of an inference, sleep's share included.
    public var joulesPerInference: EnergyBounds
    public var secondsPerInference: EnergyBounds
    /// Stretches of work that were counted, and left out.
    public var pulses: Int
    public var ignored: Int
    /// Inferences in a stretch of work.
    public var inferencesPerPulse: Int

    /// - Parameters:
    ///   - threshold: watts above which the device works, where the trace has no marker.
    ///   - inferencesPerPulse: inferences in one stretch of work.
    ///   - accuracy: relative, of the analyser.
    /// - Throws: ``EnergyPlanningError`` `.invalidTrace` where the trace does not tell work from sleep, `.invalidOption`.
    public init(
        _ trace: PowerTrace, threshold: Double? = nil, inferencesPerPulse: Int = 1, accuracy: Double = 0
    ) throws(EnergyPlanningError) {
        guard inferencesPerPulse >= 1, (0..<1).contains(accuracy), threshold ?? 1 > 0 else {
            throw EnergyPlanningError(
                .invalidOption, "inferences a pulse must be at least 1, a threshold above 0, accuracy from 0 to below 1"
            )
        }
        let stretches = try TracePulses(trace, threshold: threshold)
        let count = Double(inferencesPerPulse)
        active = try Self.power(stretches.active, accuracy)
        sleep = try Self.power(stretches.asleep, accuracy)
        guard active.value > sleep.value else {
            throw EnergyPlanningError(
                .invalidTrace,
                "work draws no more than sleep (\(active.value) W against \(sleep.value) W): is the marker "
                    + "the other way round?")
        }
        joulesPerInference = Self.bounds(stretches.active.map { $0.joules / count }, accuracy)
        secondsPerInference = Self.bounds(stretches.active.map { $0.seconds / count }, 0)
        pulses = stretches.active.count
        ignored = stretches.ignored
        self.inferencesPerPulse = inferencesPerPulse
    }

    private static func power(
        _ stretches: [TracePulses.Stretch], _ accuracy: Double
    ) throws(EnergyPlanningError) -> EnergyBounds {
        let mean = stretches.reduce(0) { $0 + $1.joules } / stretches.reduce(0) { $0 + $1.seconds }
        guard mean > 0 else {
            throw EnergyPlanningError(.invalidTrace, "a mean power is \(mean) W: is the current's sign turned?")
        }
        return spread(stretches.map(\.watts), around: mean, accuracy)
    }

    private static func bounds(_ values: [Double], _ accuracy: Double) -> EnergyBounds {
        spread(values, around: values.reduce(0, +) / Double(values.count), accuracy)
    }

    /// The 2.5th and 97.5th percentiles around a mean.
    private static func spread(_ values: [Double], around mean: Double, _ accuracy: Double) -> EnergyBounds {
        let sorted = values.sorted()
        let skipped = Int(0.025 * Double(sorted.count))
        let (low, high) = (sorted[skipped], sorted[sorted.count - 1 - skipped])
        return EnergyBounds(
            mean, low: max(0, min(low, mean) * (1 - accuracy)), high: max(high, mean) * (1 + accuracy))
    }

    /// A profile with these powers, and otherwise as another.
    ///
    /// - Parameters:
    ///   - name: with a revision: `my-node@1`.
    ///   - base: gives memory, radios, and throughput where no network is given.
    ///   - multiplyAccumulates: of the int8 network that ran, which gives the throughput.
    ///   - source: names the trace.
    /// - Throws: `EnergyError` `.invalidProfile` where the name is none.
    public func profile(
        name: String, base: DeviceProfile, multiplyAccumulates: Int? = nil, source: String
    ) throws(EnergyError) -> DeviceProfile {
        let text =
            "\(source): \(pulses) stretches of work with \(inferencesPerPulse) inferences each, "
            + "fitted by retort energy calibrate; bounds hold 95 % of them"
        var fitted = base
        fitted.name = name
        fitted.about = "\(base.about), fitted to \(source)"
        fitted.idle = sleep
        let above = active.value - sleep.value
        fitted.activeCore = EnergyBounds(
            above, low: max(min(active.low - sleep.high, above), above / 1000),
            high: max(active.high - sleep.low, above))
        fitted.sources["power.idle"] = text
        fitted.sources["power.active"] = "\(text); above sleeping"
        if let multiplyAccumulates {
            fitted.throughput.int8 = secondsPerInference.dividing(Double(multiplyAccumulates))
            fitted.sources["throughput.int8"] = "\(text); \(multiplyAccumulates) multiply-accumulates an inference"
        }
        // Whoever reads the file finds the same checks.
        return try DeviceProfile(json: fitted.json)
    }
}
