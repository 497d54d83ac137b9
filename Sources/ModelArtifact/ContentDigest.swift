/// The SHA-256 of some content, which names students and frames.
public struct ContentDigest: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public let hex: String

    /// The digest of `bytes`.
    public init(of bytes: [UInt8]) {
        hex = bytes.withUnsafeBytes { Self.hexadecimal(SHA256.digest($0)) }
    }

    /// Reads a digest; nothing where `hex` is not 64 lower-case hexadecimal digits.
    public init?(hex: String) {
        let isSound =
            hex.utf8.count == 64
            && hex.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isSound else { return nil }
        self.hex = hex
    }

    /// The digest from its 32 bytes; nothing where there are more or fewer.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        hex = Self.hexadecimal(bytes)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        let digits = hex.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// The first twelve digits, for logs and tables.
    public var short: String { String(hex.prefix(12)) }

    public var description: String { hex }

    public static func < (a: ContentDigest, b: ContentDigest) -> Bool { a.hex < b.hex }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
