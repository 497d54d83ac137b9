/// Reads decimal numbers from text, quickly where a double holds digits and power of ten exactly.
enum DecimalNumber {
    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The number nearest to what is written; nothing where the bytes are no finite decimal number.
    static func parse(_ bytes: ArraySlice<UInt8>) -> Double? {
        var at = bytes.startIndex
        let isNegative = at < bytes.endIndex && bytes[at] == UInt8(ascii: "-")
        if isNegative || (at < bytes.endIndex && bytes[at] == UInt8(ascii: "+")) { at += 1 }
        var mantissa: UInt64 = 0
        var digits = 0
        var decimals = 0
        var isFraction = false
        while at < bytes.endIndex {
            let byte = bytes[at]
            if byte >= 0x30 && byte <= 0x39 {
                guard digits < 15 else { return slowly(bytes) }
                mantissa = mantissa * 10 + UInt64(byte - 0x30)
                digits += 1
                if isFraction { decimals += 1 }
            } else if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else {
                return slowly(bytes)
            }
            at += 1
        }
        guard digits > 0 else { return nil }
        let value = Double(mantissa) / powersOfTen[decimals]
        return isNegative ? -value : value
    }

    private static func slowly(_ bytes: ArraySlice<UInt8>) -> Double? {
        // Words such as "inf" and hexadecimal, which Double reads too, are no decimal numbers.
        let allowed = bytes.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
                UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard allowed, let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }
}
