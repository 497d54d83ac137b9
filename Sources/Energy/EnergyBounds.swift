/// A physical quantity known within bounds: watts, joules per byte, joules per message.
public struct EnergyBounds: Sendable, Equatable {
    public var value: Double
    public var low: Double
    public var high: Double

    /// - Precondition: 0 ≤ `low` ≤ `value` ≤ `high`.
    public init(_ value: Double, low: Double, high: Double) {
        precondition(0 <= low && low <= value && value <= high, "bounds enclose their value")
        self.value = value
        self.low = low
        self.high = high
    }
}
