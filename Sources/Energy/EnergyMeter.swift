/// Something that tells cumulative joules.
public protocol EnergyMeter: Sendable {
    /// `cpu-time`, `rapl`, `hwmon`, `battery`, `topic`.
    var name: String { get }

    /// Joules by cause since the meter was made; never falling.
    ///
    /// - Parameter now: a clock in seconds that runs steadily.
    /// - Throws: ``EnergyError`` where the sensor cannot be read this time; what was counted is kept.
    mutating func read(now: Double) throws(EnergyError) -> [String: EnergyFigure]
}
