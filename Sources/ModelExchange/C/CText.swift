import ModelArtifact

/// Pieces of C text.
enum CText {
    /// A definition of a constant array, in lines of at most 120 columns.
    static func array(_ type: String, _ name: String, _ values: some Sequence<String>) -> String {
        var text = "static const \(type) \(name)[] = {"
        var line = ""
        for value in values {
            if line.utf8.count + value.utf8.count > 112 {
                text += "\n   \(line)"
                line = ""
            }
            line += " \(value),"
        }
        return text + "\n   \(line)\n};\n"
    }

    static func array(_ type: String, _ name: String, _ values: [some BinaryInteger]) -> String {
        // −2147483648 would be the negation of a number that no int holds.
        array(type, name, values.map { Int64($0) == Int64(Int32.min) ? "INT32_MIN" : "\($0)" })
    }

    /// The shortest decimal that reads back to the value.
    static func float(_ value: Float) -> String { "\(value)f" }

    /// A string literal of printable ASCII; all other bytes in octal.
    static func literal(_ text: String) -> String {
        var result = "\""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "?"):
                result += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7F: result += String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 8)
                result += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// Text that neither ends a comment nor begins one.
    static func comment(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let closes = (result.last == "*" && scalar == "/") || (result.last == "/" && scalar == "*")
            result += closes ? " " : ""
            result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return result
    }
}
