/// How the difference of two tensors becomes bytes that zstd makes small.
///
/// Differences wrap around; zigzag (0, −1, 1, −2, ... as 0, 1, 2, 3, ...) makes small ones small numbers. zstd's Huffman
/// codes spend at least a bit on a symbol, so where most differences are 0 or ±1 several share a byte: digits of a
/// radix whose highest digit says that the value follows behind the digits as a byte of its own.
enum ResidualPacking: UInt8, CaseIterable {
    /// One zigzag byte a weight.
    case bytes = 2
    /// Two digits a byte, up to ±7.
    case radix16 = 3
    /// Three digits a byte, up to ±2.
    case radix6 = 4
    /// Four digits a byte, up to ±1.
    case radix4 = 5
    /// Words of 2, 4 or 8 bytes: zigzag, then all lowest bytes, all second bytes, and so on.
    case planes2 = 6
    case planes4 = 7
    case planes8 = 8

    /// For tensors of one-byte elements.
    static let byteWise: [ResidualPacking] = [.bytes, .radix16, .radix6, .radix4]

    /// The packing for wider elements.
    static func planes(_ elementSize: Int) -> ResidualPacking? {
        switch elementSize {
        case 2: .planes2
        case 4: .planes4
        case 8: .planes8
        default: nil
        }
    }

    /// Digits in a byte and their radix; nothing where digits are not used.
    private var digits: (count: Int, radix: Int)? {
        switch self {
        case .radix16: (2, 16)
        case .radix6: (3, 6)
        case .radix4: (4, 4)
        default: nil
        }
    }

    private var wordSize: Int {
        switch self {
        case .planes2: 2
        case .planes4: 4
        case .planes8: 8
        default: 1
        }
    }

    /// - Precondition: both have the same length, a multiple of the word size.
    func pack(_ target: [UInt8], from base: [UInt8]) -> [UInt8] {
        precondition(target.count == base.count && target.count % wordSize == 0, "tensors of one size are expected")
        guard wordSize == 1 else { return packPlanes(target, from: base) }
        let values = zip(target, base).map { Self.zigzag(Int8(bitPattern: $0 &- $1)) }
        guard let (count, radix) = digits else { return values }
        let escape = radix - 1
        var packed: [UInt8] = []
        for start in stride(from: 0, to: values.count, by: count) {
            // The first digit is the lowest; missing ones at the end are 0.
            let group = values[start..<min(start + count, values.count)]
            packed.append(UInt8(group.reversed().reduce(0) { $0 * radix + min(Int($1), escape) }))
        }
        return packed + values.filter { $0 >= escape }
    }

    /// - Throws: ``DeltaError`` `.malformed`.
    func unpack(_ reader: inout ResidualReader, onto base: [UInt8]) throws(DeltaError) -> [UInt8] {
        guard base.count % wordSize == 0 else {
            throw DeltaError(.malformed, "the residual takes a tensor for one of \(wordSize)-byte elements")
        }
        guard wordSize == 1 else { return Self.unpackPlanes(try reader.bytes(base.count), onto: base, wordSize) }
        var values = try reader.bytes(digits.map { (base.count + $0.count - 1) / $0.count } ?? base.count)
        if let (count, radix) = digits {
            var unpacked: [UInt8] = []
            unpacked.reserveCapacity(values.count * count)
            for byte in values {
                var rest = Int(byte)
                for _ in 0..<count {
                    unpacked.append(UInt8(rest % radix))
                    rest /= radix
                }
                guard rest == 0 else { throw DeltaError(.malformed, "the residual holds a digit beyond its radix") }
            }
            guard unpacked[base.count...].allSatisfy({ $0 == 0 }) else {
                throw DeltaError(.malformed, "the residual has more digits than the tensor elements")
            }
            values = Array(unpacked[..<base.count])
            for index in values.indices where values[index] == radix - 1 { values[index] = try reader.byte() }
        }
        return zip(base, values).map { $0 &+ UInt8(bitPattern: Self.unzigzag($1)) }
    }

    private static func zigzag(_ value: Int8) -> UInt8 { UInt8(bitPattern: (value << 1) ^ (value >> 7)) }

    private static func unzigzag(_ value: UInt8) -> Int8 {
        Int8(bitPattern: value >> 1) ^ -Int8(bitPattern: value & 1)
    }

    private func packPlanes(_ target: [UInt8], from base: [UInt8]) -> [UInt8] {
        let size = wordSize
        let count = target.count / size
        var planes = [UInt8](repeating: 0, count: target.count)
        for index in 0..<count {
            let difference = Self.word(target, index, size) &- Self.word(base, index, size)
            // Sign-extended to 64 bits, so that one zigzag serves all sizes.
            let unused = 64 - 8 * size
            let signed = Int64(bitPattern: difference << UInt64(unused)) >> Int64(unused)
            let value = UInt64(bitPattern: (signed << 1) ^ (signed >> 63))
            for plane in 0..<size {
                planes[plane * count + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * plane))
            }
        }
        return planes
    }

    private static func unpackPlanes(_ planes: [UInt8], onto base: [UInt8], _ size: Int) -> [UInt8] {
        let count = base.count / size
        var target = [UInt8](repeating: 0, count: base.count)
        for index in 0..<count {
            var value: UInt64 = 0
            for plane in 0..<size { value |= UInt64(planes[plane * count + index]) << UInt64(8 * plane) }
            let difference = (value >> 1) ^ (0 &- (value & 1))
            let word = Self.word(base, index, size) &+ difference
            for byte in 0..<size { target[index * size + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte)) }
        }
        return target
    }

    private static func word(_ bytes: [UInt8], _ index: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(0) { $0 | UInt64(bytes[index * size + $1]) << UInt64(8 * $1) }
    }
}
