import Foundation

/// A tensor that stands in an ONNX file.
struct ONNXConstant {
    let name: String
    let shape: [Int]
    private let tensor: ONNXTensor

    /// Checks sizes before anything is allocated for them.
    ///
    /// - Throws: ``ExchangeError`` `.malformed` or `.unsupported`.
    init(_ tensor: ONNXTensor, name: String) throws(ExchangeError) {
        guard tensor.externalData.isEmpty else {
            throw ExchangeError(.unsupported, "\(name): tensors in a file of their own (external_data) are not read")
        }
        var count = 1
        for extent in tensor.dims {
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(extent))
            guard extent >= 0, !overflow, product <= 1 << 26 else {
                throw ExchangeError(.tooLarge, "\(name): the shape \(tensor.dims) is out of range")
            }
            count = product
        }
        let held: Int
        switch ONNXTensor.Element(rawValue: Int(tensor.dataType)) {
        case .float: held = tensor.hasRawData ? tensor.rawData.count / 4 : tensor.floatData.count
        case .double: held = tensor.hasRawData ? tensor.rawData.count / 8 : tensor.doubleData.count
        case .int64: held = tensor.hasRawData ? tensor.rawData.count / 8 : tensor.int64Data.count
        case .int32: held = tensor.hasRawData ? tensor.rawData.count / 4 : tensor.int32Data.count
        default: throw ExchangeError(.unsupported, "\(name): tensors of element type \(tensor.dataType) are not read")
        }
        guard held == count else {
            throw ExchangeError(.malformed, "\(name): \(held) values do not fill the shape \(tensor.dims)")
        }
        self.name = name
        self.tensor = tensor
        shape = tensor.dims.map(Int.init)
    }

    var count: Int { shape.reduce(1, *) }

    /// The values of a float tensor.
    ///
    /// - Throws: ``ExchangeError`` `.unsupported` for integers, `.malformed` for values that are not finite.
    func floats() throws(ExchangeError) -> [Float] {
        let values: [Float]
        switch ONNXTensor.Element(rawValue: Int(tensor.dataType)) {
        case .float:
            values =
                tensor.hasRawData ? words(UInt32.self).map(Float.init(bitPattern:)) : tensor.floatData
        case .double:
            values =
                tensor.hasRawData
                ? words(UInt64.self).map { Float(Double(bitPattern: $0)) } : tensor.doubleData.map(Float.init)
        default: throw ExchangeError(.unsupported, "\(name): floats are expected")
        }
        guard values.allSatisfy(\.isFinite) else {
            throw ExchangeError(.malformed, "\(name) has values that are not finite")
        }
        return values
    }

    /// The values of an integer tensor.
    ///
    /// - Throws: ``ExchangeError`` `.unsupported` for floats.
    func integers() throws(ExchangeError) -> [Int] {
        switch ONNXTensor.Element(rawValue: Int(tensor.dataType)) {
        case .int64:
            tensor.hasRawData
                ? words(UInt64.self).map { Int(Int64(bitPattern: $0)) } : tensor.int64Data.map { Int($0) }
        case .int32:
            tensor.hasRawData
                ? words(UInt32.self).map { Int(Int32(bitPattern: $0)) } : tensor.int32Data.map { Int($0) }
        default: throw ExchangeError(.unsupported, "\(name): integers are expected")
        }
    }

    private func words<Word: FixedWidthInteger>(_: Word.Type) -> [Word] {
        tensor.rawData.withUnsafeBytes { raw in
            (0..<raw.count / MemoryLayout<Word>.size).map {
                Word(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Word>.size, as: Word.self))
            }
        }
    }
}
