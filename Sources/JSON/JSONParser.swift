extension JSONValue {
    /// Reads one JSON text (RFC 8259), strictly: UTF-8, no duplicate keys, no trailing bytes.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - maximumDepth: nesting of arrays and objects that is still accepted.
    ///   - maximumBytes: size that is still accepted.
    /// - Throws: ``JSONError`` with the byte offset of the first fault.
    public init(
        parsing bytes: [UInt8], maximumDepth: Int = 64, maximumBytes: Int = 64 << 20
    ) throws(JSONError) {
        guard bytes.count <= maximumBytes else {
            throw JSONError(.tooLarge, "the text has \(bytes.count) bytes; at most \(maximumBytes) are accepted")
        }
        var result: Result<JSONValue, JSONError> = .success(.null)
        bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer, maximumDepth: maximumDepth)
            do throws(JSONError) { result = .success(try parser.document()) } catch { result = .failure(error) }
        }
        self = try result.get()
    }

    /// Reads one JSON text.
    public init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let maximumDepth: Int
    var position = 0

    init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw fault("bytes follow the document") }
        return value
    }

    private func fault(_ message: String, _ code: JSONError.Code = .malformed) -> JSONError {
        JSONError(code, message, offset: position)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipSpace()
        guard let byte = current else { throw fault("the text ends where a value is expected") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let count = text.utf8CodeUnitCount
        guard position + count <= bytes.count,
            (0..<count).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] })
        else { throw fault("expected \(text)") }
        position += count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        guard depth <= maximumDepth else { throw fault("nested deeper than \(maximumDepth)", .tooDeep) }
        position += 1
        var object = JSONObject()
        var seen: Set<String> = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return object
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw fault("expected a key in double quotes") }
            let start = position
            let key = try string()
            if object.count == 16 { seen = Set(object.keys) }  // few keys are compared faster than hashed
            guard object.count < 16 ? object[key] == nil : seen.insert(key).inserted else {
                throw JSONError(.duplicateKey, "the key \"\(key)\" stands twice", offset: start)
            }
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw fault("expected ':' after a key") }
            position += 1
            object.appendUnchecked(key, try value(depth: depth))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return object
            default: throw fault("expected ',' or '}' in an object")
            }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= maximumDepth else { throw fault("nested deeper than \(maximumDepth)", .tooDeep) }
        position += 1
        var numbers: [Double] = []
        var values: [JSONValue] = []
        var onlyNumbers = true
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            let element = try value(depth: depth)
            if onlyNumbers {
                switch element {
                case .double(let value): numbers.append(value)
                case .integer(let value) where value.magnitude <= 1 << 53: numbers.append(Double(value))
                default:
                    onlyNumbers = false
                    values = numbers.map(JSONValue.init(exactly:))
                    values.append(element)
                }
            } else {
                values.append(element)
            }
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return onlyNumbers ? .numbers(numbers) : .array(values)
            default: throw fault("expected ',' or ']' in an array")
            }
        }
    }

    /// The digits of a number so far, as long as 64 bits hold them exactly.
    private struct Digits {
        var mantissa: UInt64 = 0
        var overflowed = false

        mutating func append(_ byte: UInt8) {
            let (tens, high) = mantissa.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - 0x30))
            mantissa = sum
            overflowed = overflowed || high || carry
        }
    }

    private var standsAtDigit: Bool { current.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let negative = current == UInt8(ascii: "-")
        if negative { position += 1 }
        guard standsAtDigit else { throw fault("expected a value") }
        var digits = Digits()
        let first = position
        while standsAtDigit {
            digits.append(bytes[position])
            position += 1
        }
        if bytes[first] == UInt8(ascii: "0") && position - first > 1 {
            position = start
            throw fault("a number has a leading zero")
        }
        var exponent = 0
        var isInteger = true
        if current == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            guard standsAtDigit else { throw fault("expected a digit after '.'") }
            while standsAtDigit {
                digits.append(bytes[position])
                exponent -= 1
                position += 1
            }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            exponent += try writtenExponent()
        }
        if isInteger && !digits.overflowed {
            if digits.mantissa <= UInt64(Int64.max) {
                return .integer(negative ? -Int64(digits.mantissa) : Int64(digits.mantissa))
            }
            if negative && digits.mantissa == Int64.min.magnitude { return .integer(.min) }
        }
        // Exact by one correctly rounded operation (Clinger 1990): both factors are exact doubles.
        if !digits.overflowed && digits.mantissa <= 1 << 53 && abs(exponent) <= 22 {
            let power = Self.powersOfTen[abs(exponent)]
            let value = exponent < 0 ? Double(digits.mantissa) / power : Double(digits.mantissa) * power
            return .double(negative ? -value : value)
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let value = Double(text), value.isFinite else {
            position = start
            throw fault("the number \(text.prefix(40)) is beyond what a double holds")
        }
        return .double(value)
    }

    /// Reads from the `e` on. Digits beyond the fifth cannot change what a double holds, except for absurdly long
    /// mantissas, which are left to `Double`.
    private mutating func writtenExponent() throws(JSONError) -> Int {
        position += 1
        let down = current == UInt8(ascii: "-")
        if down || current == UInt8(ascii: "+") { position += 1 }
        guard standsAtDigit else { throw fault("expected a digit in an exponent") }
        var written = 0
        while standsAtDigit {
            if written < 100_000 { written = written * 10 + Int(bytes[position] - 0x30) }
            position += 1
        }
        return down ? -written : written
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = try utf8(UnsafeBufferPointer(rebasing: bytes[start..<position]))
                position += 1
                return text
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw fault("a control character stands in a string unescaped")
            default: position += 1
            }
        }
        throw fault("the text ends within a string")
    }

    private func utf8(_ buffer: UnsafeBufferPointer<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: buffer, as: UTF8.self) else { throw fault("a string is not valid UTF-8") }
        return text
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var result = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                var text: Result<String, JSONError> = .success("")
                result.withUnsafeBufferPointer { buffer in
                    do throws(JSONError) { text = .success(try utf8(buffer)) } catch { text = .failure(error) }
                }
                return try text.get()
            case UInt8(ascii: "\\"):
                position += 1
                try appendEscape(to: &result)
            case 0..<0x20: throw fault("a control character stands in a string unescaped")
            default:
                result.append(byte)
                position += 1
            }
        }
        throw fault("the text ends within a string")
    }

    private mutating func appendEscape(to result: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw fault("the text ends within an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try hexadecimal()
            if scalar >= 0xD800 && scalar < 0xDC00 {
                guard current == UInt8(ascii: "\\"), position + 1 < bytes.count,
                    bytes[position + 1] == UInt8(ascii: "u")
                else { throw fault("a surrogate stands alone in a string") }
                position += 2
                let low = try hexadecimal()
                guard low >= 0xDC00 && low < 0xE000 else { throw fault("a surrogate stands alone in a string") }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let unicode = Unicode.Scalar(scalar) else { throw fault("a surrogate stands alone in a string") }
            result.append(contentsOf: String(Character(unicode)).utf8)
        default: throw fault("unknown escape in a string")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw fault("the text ends within an escape") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw fault("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
