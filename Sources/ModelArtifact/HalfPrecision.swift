/// IEEE 754 binary16 as bits, for tensors of type `F16`; not every platform of Swift has `Float16`.
enum HalfPrecision {
    /// The nearest half, ties to even; infinite from 65520 on.
    static func bits(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.magnitude
        if value.isNaN { return sign | 0x7E00 }
        if magnitude >= 65520 { return sign | 0x7C00 }
        if magnitude < 0x1p-14 {
            // A subnormal half is a multiple of 2⁻²⁴, the distance of floats from 0.5 on.
            return sign | UInt16(truncatingIfNeeded: (magnitude + 0.5).bitPattern - Float(0.5).bitPattern)
        }
        let rebiased = magnitude.bitPattern - (112 << 23)
        return sign | UInt16(truncatingIfNeeded: (rebiased + 0xFFF + (rebiased >> 13 & 1)) >> 13)
    }

    static func float(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let (exponent, mantissa) = (UInt32(bits >> 10 & 31), UInt32(bits & 0x3FF))
        switch exponent {
        case 0: return sign * Float(mantissa) * 0x1p-24
        case 31: return mantissa == 0 ? sign * .infinity : .nan
        default: return sign * Float(bitPattern: (exponent + 112) << 23 | mantissa << 13)
        }
    }
}
