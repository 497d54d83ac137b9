/// Damages files as an enemy would, the same way for the same seed.
package struct Mutation: Sequence, IteratorProtocol {
    private var random: SplitMix
    private let corpus: [[UInt8]]
    private var left: Int

    package init(_ corpus: [[UInt8]], seed: UInt64, count: Int) {
        self.corpus = corpus
        left = count
        random = SplitMix(seed: seed)
    }

    /// One to four changes of one of the files; nothing when there were enough.
    package mutating func next() -> [UInt8]? {
        left -= 1
        guard left >= 0 else { return nil }
        var bytes = corpus[Int.random(in: corpus.indices, using: &random)]
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty { change(&bytes) }
        return bytes
    }

    /// Numbers that lie at the edges of what fits.
    private static let extremes: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 53, UInt64(Int64.max), 1 << 63, .max,
    ]
    private static let words = [
        "-1", "0", "99999999999999999999", "9223372036854775807", "1e39", "-1e-46", "null", "\"F64\"", "\"U8\"", "[]",
        "{",
    ].map { Array($0.utf8) }

    private mutating func change(_ bytes: inout [UInt8]) {
        let place = Int.random(in: bytes.indices, using: &random)
        let rest = bytes.count - place
        switch Int.random(in: 0...7, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.removeLast(rest)
        case 3: bytes.removeSubrange(place..<place + Int.random(in: 1...Swift.min(rest, 64), using: &random))
        case 4:
            let run = bytes[place..<place + Int.random(in: 1...Swift.min(rest, 64), using: &random)]
            bytes.insert(contentsOf: run, at: Int.random(in: 0...bytes.count, using: &random))
        case 5:
            let number = Self.extremes[Int.random(in: Self.extremes.indices, using: &random)]
            for (index, shift) in stride(from: 0, to: 64, by: 8).enumerated() where index < rest {
                bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(shift))
            }
        case 6: replaceNumber(&bytes, from: place)
        default:
            let other = corpus[Int.random(in: corpus.indices, using: &random)]
            bytes.replaceSubrange(place..., with: other[Int.random(in: other.indices, using: &random)...])
        }
    }

    /// Puts something else in the place of the next number in a text.
    private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: Self.words[Int.random(in: Self.words.indices, using: &random)])
    }
}

private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
