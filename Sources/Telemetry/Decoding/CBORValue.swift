/// A CBOR item (RFC 8949) as far as sensors need it; tags are read past.
enum CBORValue: Sendable, Equatable {
    case integer(Int64)
    case double(Double)
    case bytes([UInt8])
    case text(String)
    case array([CBORValue])
    /// In the order written.
    case map([(key: CBORValue, value: CBORValue)])
    case bool(Bool)
    /// null, undefined and every other simple value.
    case null

    static func == (a: CBORValue, b: CBORValue) -> Bool {
        switch (a, b) {
        case (.integer(let a), .integer(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.bytes(let a), .bytes(let b)): a == b
        case (.text(let a), .text(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.map(let a), .map(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
        case (.bool(let a), .bool(let b)): a == b
        case (.null, .null): true
        default: false
        }
    }
}

/// Reads one CBOR item within bounds. Memory is taken for what is there, never for a length that is declared.
struct CBORReader {
    static let maximumDepth = 16
    /// Items in one payload, those within others counted.
    static let maximumItems = 400_000

    private let bytes: [UInt8]
    private var position = 0
    private var items = 0

    /// - Throws: ``SourceError`` `.payload` or `.tooLarge`, with the offset of the first fault.
    static func read(_ bytes: [UInt8]) throws(SourceError) -> CBORValue {
        var reader = CBORReader(bytes: bytes)
        guard let value = try reader.item(depth: 0) else { throw reader.fault("a break stands alone") }
        guard reader.position == bytes.count else { throw reader.fault("bytes follow the item") }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func fault(_ reason: String, _ code: SourceError.Code = .payload) -> SourceError {
        SourceError(code, "CBOR: \(reason) (at byte \(position))")
    }

    private mutating func byte() throws(SourceError) -> UInt8 {
        guard position < bytes.count else { throw fault("the payload ends within an item") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func big(_ count: Int) throws(SourceError) -> UInt64 {
        guard bytes.count - position >= count else { throw fault("the payload ends within an item") }
        var value: UInt64 = 0
        for _ in 0..<count {
            value = value << 8 | UInt64(bytes[position])
            position += 1
        }
        return value
    }

    /// The argument behind an initial byte; nothing for an indefinite length.
    private mutating func argument(_ low: UInt8) throws(SourceError) -> UInt64? {
        switch low {
        case 0...23: return UInt64(low)
        case 24: return try big(1)
        case 25: return try big(2)
        case 26: return try big(4)
        case 27: return try big(8)
        case 31: return nil
        default: throw fault("an initial byte is reserved")
        }
    }

    /// The next item; nothing for a break.
    private mutating func item(depth: Int) throws(SourceError) -> CBORValue? {
        guard depth <= Self.maximumDepth else { throw fault("deeper than \(Self.maximumDepth) levels", .tooLarge) }
        items += 1
        guard items <= Self.maximumItems else { throw fault("more than \(Self.maximumItems) items", .tooLarge) }
        let initial = try byte()
        let low = initial & 31
        if initial >> 5 == 7 { return try simple(low) }
        let argument = try argument(low)
        switch initial >> 5 {
        case 0: return .integer(try integer(argument))
        case 1: return .integer(-1 - (try integer(argument)))
        case 2: return .bytes(try string(argument, major: 2))
        case 3:
            let raw = try string(argument, major: 3)
            guard let text = String(validating: raw, as: UTF8.self) else { throw fault("a text is not UTF-8") }
            return .text(text)
        case 4: return .array(try array(argument, depth: depth))
        case 5: return .map(try map(argument, depth: depth))
        default:
            guard argument != nil else { throw fault("a tag has no indefinite length") }
            guard let tagged = try item(depth: depth + 1) else { throw fault("a tag stands before a break") }
            return tagged
        }
    }

    private func integer(_ argument: UInt64?) throws(SourceError) -> Int64 {
        guard let argument, let value = Int64(exactly: argument) else {
            throw fault("an integer is beyond 64 bits with sign")
        }
        return value
    }

    private mutating func simple(_ low: UInt8) throws(SourceError) -> CBORValue? {
        switch low {
        case 20: return .bool(false)
        case 21: return .bool(true)
        case 25: return .double(Self.half(UInt16(try big(2))))
        case 26: return .double(Double(Float(bitPattern: UInt32(try big(4)))))
        case 27: return .double(Double(bitPattern: try big(8)))
        case 31: return nil
        case 24:
            _ = try byte()
            return .null
        case 0...23: return .null
        default: throw fault("an initial byte is reserved")
        }
    }

    /// IEEE 754 binary16, as in RFC 8949, appendix D.
    private static func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 1023)
        let magnitude: Double
        switch exponent {
        case 0: magnitude = fraction * 0x1p-24
        case 31: magnitude = fraction == 0 ? .infinity : .nan
        default: magnitude = Double(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
        }
        return bits >> 15 == 0 ? magnitude : -magnitude
    }

    private mutating func string(_ length: UInt64?, major: UInt8) throws(SourceError) -> [UInt8] {
        guard let length else {
            var whole: [UInt8] = []
            while true {
                let initial = try byte()
                if initial == 0xFF { return whole }
                guard initial >> 5 == major, let count = try argument(initial & 31) else {
                    throw fault("a string's chunk is of another kind")
                }
                whole += try take(count)
            }
        }
        return Array(try take(length))
    }

    private mutating func take(_ count: UInt64) throws(SourceError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.count - position) else { throw fault("a string is longer than the payload") }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }

    private mutating func array(_ count: UInt64?, depth: Int) throws(SourceError) -> [CBORValue] {
        var elements: [CBORValue] = []
        while count.map({ elements.count < $0 }) ?? true {
            guard let element = try item(depth: depth + 1) else {
                guard count == nil else { throw fault("a break stands within a counted array") }
                break
            }
            elements.append(element)
        }
        return elements
    }

    private mutating func map(_ count: UInt64?, depth: Int) throws(SourceError) -> [(key: CBORValue, value: CBORValue)]
    {
        var members: [(key: CBORValue, value: CBORValue)] = []
        while count.map({ members.count < $0 }) ?? true {
            guard let key = try item(depth: depth + 1) else {
                guard count == nil else { throw fault("a break stands within a counted map") }
                break
            }
            guard let value = try item(depth: depth + 1) else { throw fault("a key has no value") }
            members.append((key, value))
        }
        return members
    }
}
