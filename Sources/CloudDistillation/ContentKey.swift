import Crypto

/// Names a window's values: the first 128 bits of their SHA-256, so that equal windows are found whenever they come.
struct ContentKey: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// The key of little-endian float32 values, as ``FloatBytes/bytes(of:)`` makes them.
    init(of bytes: [UInt8]) {
        let digest = Array(SHA256.hash(data: bytes))
        high = Self.word(digest[0..<8])
        low = Self.word(digest[8..<16])
    }

    /// The key from its 16 bytes; nothing where there are more or fewer.
    init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        high = Self.word(bytes[0..<8])
        low = Self.word(bytes[8..<16])
    }

    /// The 16 bytes.
    var bytes: [UInt8] {
        [high, low].flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
