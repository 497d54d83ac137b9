/// A positive factor in integers: `multiplier · 2^−shift`, 0 ≤ multiplier < 2³¹, 1 ≤ shift ≤ 62.
///
/// Made of float64 operations that IEEE 754 rounds correctly, so every machine gets the same integers.
public struct FixedPoint: Sendable, Equatable {
    public let multiplier: Int32
    public let shift: UInt8

    /// The one nearest to `factor`, ties away from zero, with 31 bits of multiplier where the shift allows.
    ///
    /// Nothing for a factor that is not above 0 and finite, or that is 2³⁰ and more.
    public init?(_ factor: Double) {
        guard factor > 0, factor.isFinite else { return nil }
        var shift = 30 - Int(factor.exponent)
        var multiplier = (factor * Double(sign: .plus, exponent: min(shift, 62), significand: 1)).rounded()
        if multiplier >= 0x1p31 {
            multiplier /= 2
            shift -= 1
        }
        guard shift >= 1 else { return nil }
        self.multiplier = Int32(multiplier)
        self.shift = UInt8(min(shift, 62))
    }
}
