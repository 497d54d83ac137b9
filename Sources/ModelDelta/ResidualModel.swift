/// What is known of the next difference: how large those before it were.
///
/// A difference is coded as: whether it is zero, its sign, its magnitude less one in unary up to fourteen, and the rest as
/// an Exp-Golomb number. All but the last bits have models of their own for each level of recent magnitudes, so that
/// outputs that moved much and outputs that hardly moved each get their own code.
///
/// - Source: binarisation and adaptation after DeepCABAC, Wiedemann et al. 2020, arXiv:1907.11900, §3; the levels after
///   the running mean of adaptive Golomb codes, Weinberger, Seroussi & Sapiro 2000 (LOCO-I).
struct ResidualModel: ~Copyable {
    private static let levels = 16
    private static let unary = 14

    /// One block of all models, without the checks of arrays, which would take most of the time: every index is bounded by
    /// how it is made.
    private let zero: UnsafeMutablePointer<BitModel>
    private let sign: UnsafeMutablePointer<BitModel>
    private let more: UnsafeMutablePointer<BitModel>
    private let length: UnsafeMutablePointer<BitModel>
    /// Mean of recent magnitudes, in 16ths.
    private var mean: UInt64 = 0
    private var last: Int64 = 0

    init() {
        let count = 3 * Self.levels + 3 + Self.levels * Self.unary + 64
        zero = .allocate(capacity: count)
        zero.initialize(repeating: BitModel(), count: count)
        sign = zero + 3 * Self.levels
        more = sign + 3
        length = more + Self.levels * Self.unary
    }

    deinit { zero.deallocate() }

    /// Begins another tensor: what came before says little of its first numbers.
    mutating func begin() {
        mean = 8
        last = 0
    }

    private var level: Int { min(Self.levels - 1, UInt64.bitWidth - mean.leadingZeroBitCount) }
    private var lastSign: Int { last == 0 ? 0 : last > 0 ? 1 : 2 }

    @inline(__always)
    private mutating func note(_ value: Int64) {
        let magnitude = min(value.magnitude, 1 << 40) << 4
        mean = mean - mean >> 2 + magnitude >> 2
        last = value
    }

    mutating func encode(_ value: Int64, _ coder: inout BinaryRangeEncoder) {
        let level = level
        let near = Int(min(2, last.magnitude))
        coder.encode(value == 0, &zero[3 * level + near])
        if value != 0 {
            coder.encode(value < 0, &sign[lastSign])
            let rest = value.magnitude - 1
            for step in 0..<min(rest, UInt64(Self.unary)) { coder.encode(true, &more[level * Self.unary + Int(step)]) }
            if rest < Self.unary {
                coder.encode(false, &more[level * Self.unary + Int(rest)])
            } else {
                encodeTail(rest - UInt64(Self.unary) + 1, &coder)
            }
        }
        note(value)
    }

    /// - Parameter value: at least 1.
    private mutating func encodeTail(_ value: UInt64, _ coder: inout BinaryRangeEncoder) {
        let bits = UInt64.bitWidth - 1 - value.leadingZeroBitCount
        for step in 0..<bits { coder.encode(true, &length[step]) }
        if bits < 63 { coder.encode(false, &length[bits]) }
        for bit in (0..<bits).reversed() { coder.encodeEven(value >> UInt64(bit) & 1 == 1) }
    }

    @inline(__always)
    mutating func decode(_ coder: inout BinaryRangeDecoder) -> Int64 {
        let level = level
        let near = Int(min(2, last.magnitude))
        var value: Int64 = 0
        if !coder.decode(&zero[3 * level + near]) {
            let isNegative = coder.decode(&sign[lastSign])
            var rest: UInt64 = 0
            while rest < Self.unary, coder.decode(&more[level * Self.unary + Int(rest)]) { rest += 1 }
            if rest == Self.unary { rest = rest &+ decodeTail(&coder) &- 1 }
            let magnitude = Int64(truncatingIfNeeded: rest &+ 1)
            value = isNegative ? 0 &- magnitude : magnitude
        }
        note(value)
        return value
    }

    @inline(never)
    private mutating func decodeTail(_ coder: inout BinaryRangeDecoder) -> UInt64 {
        var bits = 0
        while bits < 63, coder.decode(&length[bits]) { bits += 1 }
        var value: UInt64 = 1
        for _ in 0..<bits { value = value << 1 | (coder.decodeEven() ? 1 : 0) }
        return value
    }
}
