/// One tensor of a safetensors file: little-endian bytes, row-major.
public struct SafetensorsTensor: Sendable, Equatable {
    /// Types of elements, as the file names them.
    public enum Element: String, Sendable, CaseIterable {
        case bool = "BOOL"
        case u8 = "U8"
        case i8 = "I8"
        case u16 = "U16"
        case i16 = "I16"
        case f16 = "F16"
        case bf16 = "BF16"
        case u32 = "U32"
        case i32 = "I32"
        case f32 = "F32"
        case u64 = "U64"
        case i64 = "I64"
        case f64 = "F64"

        /// Bytes of one element.
        public var size: Int {
            switch self {
            case .bool, .u8, .i8: 1
            case .u16, .i16, .f16, .bf16: 2
            case .u32, .i32, .f32: 4
            case .u64, .i64, .f64: 8
            }
        }
    }

    public let name: String
    public let element: Element
    public let shape: [Int]
    /// The elements as in the file.
    public let bytes: [UInt8]

    /// - Precondition: `bytes` holds as many elements as `shape` says.
    public init(name: String, element: Element, shape: [Int], bytes: [UInt8]) {
        precondition(
            bytes.count == shape.reduce(element.size, *), "\(name): \(bytes.count) bytes do not fill the shape \(shape)"
        )
        self.name = name
        self.element = element
        self.shape = shape
        self.bytes = bytes
    }

    /// - Precondition: `values.count` is the product of `shape`.
    public init(name: String, shape: [Int], _ values: [Int8]) {
        self.init(name: name, element: .i8, shape: shape, bytes: values.map(UInt8.init(bitPattern:)))
    }

    /// - Precondition: `values.count` is the product of `shape`.
    public init(name: String, shape: [Int], _ values: [UInt8]) {
        self.init(name: name, element: .u8, shape: shape, bytes: values)
    }

    /// - Precondition: `values.count` is the product of `shape`.
    public init(name: String, shape: [Int], _ values: [Int32]) {
        self.init(
            name: name, element: .i32, shape: shape,
            bytes: Self.littleEndian(values.map(UInt32.init(bitPattern:))))
    }

    /// - Precondition: `values.count` is the product of `shape`.
    public init(name: String, shape: [Int], _ values: [Float]) {
        self.init(name: name, element: .f32, shape: shape, bytes: Self.littleEndian(values.map(\.bitPattern)))
    }

    /// Values as halves, rounded to the nearest.
    ///
    /// - Precondition: `values.count` is the product of `shape`.
    public init(name: String, shape: [Int], halves values: [Float]) {
        let bytes = values.flatMap { value in
            let bits = HalfPrecision.bits(value)
            return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
        }
        self.init(name: name, element: .f16, shape: shape, bytes: bytes)
    }

    public var count: Int { shape.reduce(1, *) }

    /// The elements of an `I8` tensor.
    ///
    /// - Throws: ``ArtifactError`` `.wrongType`.
    public func int8s() throws(ArtifactError) -> [Int8] {
        try require(.i8)
        return bytes.map(Int8.init(bitPattern:))
    }

    /// The elements of a `U8` tensor.
    ///
    /// - Throws: ``ArtifactError`` `.wrongType`.
    public func uint8s() throws(ArtifactError) -> [UInt8] {
        try require(.u8)
        return bytes
    }

    /// The elements of an `I32` tensor.
    ///
    /// - Throws: ``ArtifactError`` `.wrongType`.
    public func int32s() throws(ArtifactError) -> [Int32] {
        try require(.i32)
        return words().map(Int32.init(bitPattern:))
    }

    /// The elements of an `F32` tensor.
    ///
    /// - Throws: ``ArtifactError`` `.wrongType`.
    public func floats() throws(ArtifactError) -> [Float] {
        try require(.f32)
        return words().map(Float.init(bitPattern:))
    }

    /// The elements of an `F16` tensor.
    ///
    /// - Throws: ``ArtifactError`` `.wrongType`.
    public func halves() throws(ArtifactError) -> [Float] {
        try require(.f16)
        return stride(from: 0, to: bytes.count, by: 2).map {
            HalfPrecision.float(UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
    }

    private func require(_ wanted: Element) throws(ArtifactError) {
        guard element == wanted else {
            throw ArtifactError(.wrongType, "the tensor \(name) holds \(element.rawValue), not \(wanted.rawValue)")
        }
    }

    private static func littleEndian(_ words: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 4)
        for word in words {
            for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }

    private func words() -> [UInt32] {
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
        }
    }
}
