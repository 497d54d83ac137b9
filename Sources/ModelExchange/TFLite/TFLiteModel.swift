/// A TensorFlow Lite model as it is put together: numbers of fields and operators are those of its schema, version 3.
///
/// Source: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs
struct TFLiteModel {
    enum Element: Int8 {
        case float32 = 0
        case int32 = 2
        case int8 = 9

        var size: Int { self == .int8 ? 1 : 4 }
    }

    /// Operators with the version that has int8 where they are used with it.
    enum Operator: Int32 {
        case conv2D = 3
        case depthwiseConv2D = 4
        case dequantize = 6
        case fullyConnected = 9
        case maxPool2D = 17
        case mul = 18
        case reshape = 22
        case sub = 41
        case quantize = 114

        var version: Int32 {
            switch self {
            case .conv2D, .depthwiseConv2D: 3
            case .maxPool2D, .dequantize: 2
            case .fullyConnected, .mul, .reshape, .sub, .quantize: 1
            }
        }
    }

    /// Options of an operator: their number in the union, and their fields.
    struct Options {
        var type: UInt8
        var fields: [Int: FlatValue]
    }

    struct Quantisation {
        var scale: [Float]
        var zeroPoint: Int64
        /// Along which scales differ.
        var dimension = 0
    }

    private var tensors: [FlatValue] = []
    /// The first is empty: that of tensors which are computed.
    private var buffers: [FlatValue] = [.table([:])]
    private var operators: [FlatValue] = []
    private var codes: [Operator] = []

    /// - Parameter data: of a constant, little-endian.
    /// - Returns: the tensor's number.
    mutating func tensor(
        _ name: String, _ element: Element, _ shape: [Int], _ quantisation: Quantisation? = nil, data: [UInt8]? = nil
    ) -> Int32 {
        var buffer: UInt32 = 0
        if let data {
            precondition(data.count == shape.reduce(element.size, *), "\(name): the data do not fill \(shape)")
            buffer = UInt32(buffers.count)
            buffers.append(.table([0: .bytes(data)]))
        }
        var fields: [Int: FlatValue] = [
            0: .int32s(shape.map(Int32.init)), 1: .int8(element.rawValue), 2: .uint32(buffer), 3: .string(name),
        ]
        if let quantisation {
            fields[4] = .table([
                2: .floats(quantisation.scale),
                3: .int64s(quantisation.scale.map { _ in quantisation.zeroPoint }),
                6: .int32(Int32(quantisation.dimension)),
            ])
        }
        tensors.append(.table(fields))
        return Int32(tensors.count - 1)
    }

    mutating func constant(_ name: String, _ shape: [Int], _ values: [Float]) -> Int32 {
        tensor(name, .float32, shape, data: Self.littleEndian(values.map(\.bitPattern)))
    }

    mutating func constant(_ name: String, _ shape: [Int], _ values: [Int32], _ scale: [Float]? = nil) -> Int32 {
        tensor(
            name, .int32, shape, scale.map { Quantisation(scale: $0, zeroPoint: 0) },
            data: Self.littleEndian(values.map(UInt32.init(bitPattern:))))
    }

    mutating func add(_ type: Operator, _ inputs: [Int32], _ output: Int32, _ options: Options? = nil) {
        let code: Int
        if let known = codes.firstIndex(of: type) {
            code = known
        } else {
            code = codes.count
            codes.append(type)
        }
        var fields: [Int: FlatValue] = [0: .uint32(UInt32(code)), 1: .int32s(inputs), 2: .int32s([output])]
        if let options {
            fields[3] = .uint8(options.type)
            fields[4] = .table(options.fields)
        }
        operators.append(.table(fields))
    }

    func encode(name: String, description: String, input: Int32, output: Int32) -> [UInt8] {
        let graph: FlatValue = .table([
            0: .tables(tensors), 1: .int32s([input]), 2: .int32s([output]), 3: .tables(operators), 4: .string(name),
        ])
        let codes = codes.map { code in
            // The first field is from a time when a byte was enough.
            FlatValue.table([
                0: .int8(Int8(min(code.rawValue, 127))), 2: .int32(code.version), 3: .int32(code.rawValue),
            ])
        }
        return FlatBufferWriter.encode(
            root: .table([
                0: .uint32(3), 1: .tables(codes), 2: .tables([graph]), 3: .string(description), 4: .tables(buffers),
            ]), identifier: "TFL3")
    }

    private static func littleEndian(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) } }
    }
}
