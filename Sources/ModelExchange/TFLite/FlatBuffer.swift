/// A value of a FlatBuffers file.
///
/// Source: https://flatbuffers.dev/internals/, the parts that tables, vectors and strings need.
indirect enum FlatValue {
    case uint8(UInt8)
    case int8(Int8)
    case int32(Int32)
    case uint32(UInt32)
    case string(String)
    /// A vector of bytes whose first element stands at a multiple of 16.
    case bytes([UInt8])
    case int32s([Int32])
    case int64s([Int64])
    case floats([Float])
    case tables([FlatValue])
    /// Fields by their number in the schema; what is left out has the schema's default.
    case table([Int: FlatValue])

    /// Bytes in a table: of the scalar, or of the offset to what stands elsewhere.
    fileprivate var inlineSize: Int {
        switch self {
        case .uint8, .int8: 1
        default: 4
        }
    }
}

/// Writes a FlatBuffers file front to back: what a table refers to follows it.
struct FlatBufferWriter {
    private var bytes: [UInt8] = []

    /// - Parameters:
    ///   - root: a table.
    ///   - identifier: four ASCII characters.
    static func encode(root: FlatValue, identifier: String) -> [UInt8] {
        var writer = FlatBufferWriter()
        writer.append(UInt32(0))
        writer.bytes += Array(identifier.utf8)
        writer.patch(0, to: writer.write(root))
        return writer.bytes
    }

    private mutating func append<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    /// Pads until `ahead` bytes from here a multiple of `alignment` is reached.
    private mutating func align(_ alignment: Int, ahead: Int = 0) {
        while (bytes.count + ahead) % alignment != 0 { bytes.append(0) }
    }

    /// Sets the offset at a place to what stands at another behind it.
    private mutating func patch(_ place: Int, to target: Int) {
        withUnsafeBytes(of: UInt32(target - place).littleEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
    }

    /// - Returns: where the value begins, which offsets point at.
    private mutating func write(_ value: FlatValue) -> Int {
        switch value {
        case .uint8, .int8, .int32, .uint32: preconditionFailure("a scalar stands in its table")
        case .string(let text):
            let start = vector(text.utf8.count, alignment: 4)
            bytes += Array(text.utf8) + [0]
            return start
        case .bytes(let values):
            let start = vector(values.count, alignment: 16)
            bytes += values
            return start
        case .int32s(let values):
            let start = vector(values.count, alignment: 4)
            for value in values { append(value) }
            return start
        case .int64s(let values):
            let start = vector(values.count, alignment: 8)
            for value in values { append(value) }
            return start
        case .floats(let values):
            let start = vector(values.count, alignment: 4)
            for value in values { append(value.bitPattern) }
            return start
        case .tables(let tables):
            let start = vector(tables.count, alignment: 4)
            let first = bytes.count
            for _ in tables { append(UInt32(0)) }
            for (index, table) in tables.enumerated() { patch(first + 4 * index, to: write(table)) }
            return start
        case .table(let fields): return write(fields)
        }
    }

    private mutating func vector(_ count: Int, alignment: Int) -> Int {
        align(alignment, ahead: 4)
        let start = bytes.count
        append(UInt32(count))
        return start
    }

    /// A table behind its list of fields.
    private mutating func write(_ fields: [Int: FlatValue]) -> Int {
        // Larger ones first, so that each is aligned.
        let ordered = fields.sorted { ($1.value.inlineSize, $0.key) < ($0.value.inlineSize, $1.key) }
        var offsets = [UInt16](repeating: 0, count: (fields.keys.max() ?? -1) + 1)
        var size = 4
        for (field, value) in ordered {
            offsets[field] = UInt16(size)
            size += value.inlineSize
        }
        let listSize = 4 + 2 * offsets.count
        align(4, ahead: listSize)
        let list = bytes.count
        append(UInt16(listSize))
        append(UInt16(size))
        for offset in offsets { append(offset) }
        let table = bytes.count
        append(Int32(table - list))
        for (_, value) in ordered {
            switch value {
            case .uint8(let scalar): append(scalar)
            case .int8(let scalar): append(scalar)
            case .int32(let scalar): append(scalar)
            case .uint32(let scalar): append(scalar)
            default: append(UInt32(0))
            }
        }
        for (field, value) in ordered {
            switch value {
            case .uint8, .int8, .int32, .uint32: break
            default: patch(table + Int(offsets[field]), to: write(value))
            }
        }
        return table
    }
}
