/// Probability of a bit, learned as it is coded: the mean of a quick and a slow estimate, both quick at first.
///
/// - Source: two rates as in H.266 (ITU-T H.266, 04/2022, §9.3.4.3.2), with 16 bits each.
struct BitModel {
    /// Of a zero, in 65536ths.
    private var quick: UInt32 = 32_768
    private var slow: UInt32 = 32_768
    private var seen: UInt32 = 0

    /// Of a zero, in 4096ths: 1 to 4095.
    var probability: UInt32 { min(4095, max(1, (quick + slow) >> 5)) }

    @inline(__always)
    mutating func learn(_ bit: Bool) {
        let target: UInt32 = bit ? 0 : 65_535
        quick = Self.step(quick, target, min(4, 1 + seen))
        slow = Self.step(slow, target, min(7, 1 + seen))
        if seen < 8 { seen += 1 }
    }

    @inline(__always)
    private static func step(_ estimate: UInt32, _ target: UInt32, _ shift: UInt32) -> UInt32 {
        target > estimate ? estimate + (target - estimate) >> shift : estimate - (estimate - target) >> shift
    }
}

/// Writes bits in about as many bytes as their probabilities say.
///
/// - Source: Martin 1979, range encoding, with the carry kept back byte by byte as LZMA does.
struct BinaryRangeEncoder {
    private var low: UInt64 = 0
    private var range: UInt32 = .max
    private var held: UInt8 = 0
    private var heldCount = 1
    private var bytes: [UInt8] = []

    mutating func encode(_ bit: Bool, _ model: inout BitModel) {
        let bound = (range >> 12) * model.probability
        if bit {
            low += UInt64(bound)
            range -= bound
        } else {
            range = bound
        }
        model.learn(bit)
        normalise()
    }

    /// A bit of which nothing is known.
    mutating func encodeEven(_ bit: Bool) {
        range >>= 1
        if bit { low += UInt64(range) }
        normalise()
    }

    private mutating func normalise() {
        while range < 1 << 24 {
            range <<= 8
            shift()
        }
    }

    /// Puts out the highest byte, or keeps it back while a carry may still come.
    private mutating func shift() {
        if low < 0xFF00_0000 || low > 0xFFFF_FFFF {
            let carry = UInt8(truncatingIfNeeded: low >> 32)
            bytes.append(held &+ carry)
            for _ in 1..<heldCount { bytes.append(0xFF &+ carry) }
            heldCount = 0
            held = UInt8(truncatingIfNeeded: low >> 24)
        }
        heldCount += 1
        low = (low & 0x00FF_FFFF) << 8
    }

    /// All bytes; zeros that only end the code are left out, for a decoder reads zeros beyond its end.
    consuming func finish() -> [UInt8] {
        for _ in 0..<5 { shift() }
        // What was held at first is none of the code's, and no carry reaches it.
        bytes.removeFirst()
        while bytes.last == 0 { bytes.removeLast() }
        return bytes
    }
}

/// Reads what ``BinaryRangeEncoder`` wrote; of any other bytes it reads bits too, and never beyond their end.
struct BinaryRangeDecoder {
    private let bytes: [UInt8]
    private var position = 0
    private var range: UInt32 = .max
    private var code: UInt32 = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        for _ in 0..<4 { code = code << 8 | UInt32(next()) }
    }

    private mutating func next() -> UInt8 {
        defer { position += 1 }
        return position < bytes.count ? bytes[position] : 0
    }

    @inline(__always)
    mutating func decode(_ model: inout BitModel) -> Bool {
        let bound = (range >> 12) * model.probability
        let bit = code >= bound
        if bit {
            code -= bound
            range -= bound
        } else {
            range = bound
        }
        model.learn(bit)
        normalise()
        return bit
    }

    mutating func decodeEven() -> Bool {
        range >>= 1
        let bit = code >= range
        if bit { code -= range }
        normalise()
        return bit
    }

    @inline(__always)
    private mutating func normalise() {
        while range < 1 << 24 {
            range <<= 8
            code = code << 8 | UInt32(next())
        }
    }

    /// Whether bytes are left that the code has no use for.
    var hasRest: Bool { position < bytes.count }
}
