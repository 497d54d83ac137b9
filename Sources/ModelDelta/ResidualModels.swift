/// Codes the differences of tensors, those of bytes by one model and those of wider elements by another.
struct ResidualModels: ~Copyable {
    private var ofBytes = ResidualModel()
    private var ofWords = ResidualModel()

    /// - Precondition: both have the same length, a multiple of the element's size.
    mutating func encode(_ target: [UInt8], from base: [UInt8], elementSize: Int, _ coder: inout BinaryRangeEncoder) {
        precondition(target.count == base.count && target.count % elementSize == 0, "tensors of one size are expected")
        withModel(elementSize) { model in
            for start in stride(from: 0, to: target.count, by: elementSize) {
                model.encode(Self.difference(target, base, at: start, elementSize: elementSize), &coder)
            }
        }
    }

    mutating func decode(onto base: [UInt8], elementSize: Int, _ coder: inout BinaryRangeDecoder) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: base.count)
        var local = coder
        defer { coder = local }
        guard elementSize > 1 else {
            ofBytes.begin()
            for index in base.indices {
                target[index] = base[index] &+ UInt8(truncatingIfNeeded: ofBytes.decode(&local))
            }
            return target
        }
        withModel(elementSize) { model in
            for start in stride(from: 0, to: base.count - elementSize + 1, by: elementSize) {
                let word =
                    Self.word(base, start, elementSize) &+ UInt64(bitPattern: model.decode(&local))
                for byte in 0..<elementSize {
                    target[start + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))
                }
            }
        }
        return target
    }

    private mutating func withModel(_ elementSize: Int, _ body: (inout ResidualModel) -> Void) {
        if elementSize == 1 {
            ofBytes.begin()
            body(&ofBytes)
        } else {
            ofWords.begin()
            body(&ofWords)
        }
    }

    /// Of the elements that begin at a byte, as whole numbers; it wraps around at the element's size.
    static func difference(_ target: [UInt8], _ base: [UInt8], at start: Int, elementSize: Int) -> Int64 {
        let difference = word(target, start, elementSize) &- word(base, start, elementSize)
        let unused = UInt64(64 - 8 * elementSize)
        return Int64(bitPattern: difference << unused) >> Int64(unused)
    }

    private static func word(_ bytes: [UInt8], _ start: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
}
