/// Seeded random numbers: the same on every machine, so that a seed names a student.
///
/// - Source: xoshiro256**, Blackman & Vigna 2018, arXiv:1805.01407; seeded by SplitMix64 as they recommend.
public struct RandomSource: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter streams: numbers that tell independent sources of one seed apart (epoch, window).
    public init(seed: UInt64, _ streams: Int...) {
        var mixed = seed
        for stream in streams { mixed = Self.split(&mixed) ^ UInt64(bitPattern: Int64(stream)) }
        state = (Self.split(&mixed), Self.split(&mixed), Self.split(&mixed), Self.split(&mixed))
    }

    private static func split(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    public mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }

    /// Uniform in 0..<1, in steps of 2⁻²⁴.
    public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// Uniform in `range`.
    public mutating func uniform(in range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// About normal with zero mean and unit deviation: the sum of twelve uniform numbers less six, which needs no
    /// library function whose last bit differs between machines.
    public mutating func normal() -> Float {
        var sum: Float = -6
        for _ in 0..<6 {
            let bits = next()
            sum += Float(bits >> 40) * 0x1p-24 + Float(bits >> 16 & 0xFF_FFFF) * 0x1p-24
        }
        return sum
    }

    /// Zero mean and unit deviation, cheaply: the sum of four uniform numbers.
    public mutating func noise() -> Float {
        let bits = next()
        let sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48)
        return (Float(sum) * 0x1p-16 - 2) * 1.732_050_8
    }

    /// Puts the elements in random order.
    public mutating func shuffle(_ values: inout [Int]) {
        for index in stride(from: values.count - 1, to: 0, by: -1) {
            values.swapAt(index, Int(next() % UInt64(index + 1)))
        }
    }
}
