import Foundation
import SwiftProtobuf

/// Puts an ONNX graph together; every node and constant is known by the name of its output.
struct ONNXBuilder {
    /// What an attribute holds.
    enum Value {
        case int(Int)
        case ints([Int])
        case float(Float)
    }

    private(set) var graph = ONNXGraph()

    /// Opset whose operators the exporters use.
    static let opset: Int64 = 17

    /// Adds a node.
    ///
    /// - Parameter outputs: how many; the first is named `name`, a further one `name.1`.
    /// - Returns: the name of its first output.
    @discardableResult
    mutating func node(
        _ type: String, _ name: String, _ inputs: [String], _ attributes: KeyValuePairs<String, Value> = [:],
        outputs: Int = 1
    ) -> String {
        var node = ONNXNode()
        node.opType = type
        node.name = name
        node.input = inputs
        node.output = (0..<outputs).map { $0 == 0 ? name : "\(name).\($0)" }
        node.attribute = attributes.map { key, value in
            var attribute = ONNXAttribute()
            attribute.name = key
            switch value {
            case .int(let value):
                attribute.type = .int
                attribute.i = Int64(value)
            case .ints(let values):
                attribute.type = .ints
                attribute.ints = values.map(Int64.init)
            case .float(let value):
                attribute.type = .float
                attribute.f = value
            }
            return attribute
        }
        graph.node.append(node)
        return name
    }

    mutating func constant(_ name: String, _ shape: [Int], _ values: [Float]) -> String {
        add(
            name, shape, .float, values.count, values.map(\.bitPattern).map(\.littleEndian).withUnsafeBytes { Data($0) }
        )
    }

    mutating func constant(_ name: String, _ shape: [Int], _ values: [Int8]) -> String {
        add(name, shape, .int8, values.count, values.withUnsafeBytes { Data($0) })
    }

    mutating func constant(_ name: String, _ shape: [Int], _ values: [UInt8]) -> String {
        add(name, shape, .uint8, values.count, Data(values))
    }

    mutating func constant(_ name: String, _ shape: [Int], _ values: [Int32]) -> String {
        add(name, shape, .int32, values.count, values.map(\.littleEndian).withUnsafeBytes { Data($0) })
    }

    mutating func constant(_ name: String, _ shape: [Int], _ values: [Int64]) -> String {
        add(name, shape, .int64, values.count, values.map(\.littleEndian).withUnsafeBytes { Data($0) })
    }

    private mutating func add(
        _ name: String, _ shape: [Int], _ element: ONNXTensor.Element, _ count: Int, _ bytes: Data
    ) -> String {
        precondition(shape.reduce(1, *) == count, "\(name): \(count) values do not fill the shape \(shape)")
        var tensor = ONNXTensor()
        tensor.name = name
        tensor.dims = shape.map(Int64.init)
        tensor.dataType = Int32(element.rawValue)
        tensor.rawData = bytes
        graph.initializer.append(tensor)
        return name
    }

    /// The file, with one input and one output of float32 whose first extent is the batch.
    func encode(
        name: String, input: (name: String, shape: [Int]), output: (name: String, shape: [Int]),
        metadata: [(String, String)]
    ) throws(ExchangeError) -> [UInt8] {
        var graph = graph
        graph.name = name
        graph.input = [Self.value(input.name, input.shape)]
        graph.output = [Self.value(output.name, output.shape)]
        var model = ONNXModel()
        model.irVersion = 8
        model.producerName = "retort"
        model.graph = graph
        var opset = ONNXOperatorSet()
        opset.domain = ""
        opset.version = Self.opset
        model.opsetImport = [opset]
        model.metadataProps = metadata.map { key, value in
            var entry = ONNXEntry()
            entry.key = key
            entry.value = value
            return entry
        }
        do { return try model.serializedBytes() } catch {
            throw ExchangeError(.tooLarge, "the network does not fit an ONNX file: \(error)", cause: error)
        }
    }

    private static func value(_ name: String, _ shape: [Int]) -> ONNXValueInfo {
        var batch = ONNXShape.Dimension()
        batch.dimParam = "batch"
        var info = ONNXValueInfo()
        info.name = name
        info.type.tensorType.elemType = Int32(ONNXTensor.Element.float.rawValue)
        info.type.tensorType.shape.dim =
            [batch]
            + shape.map { extent in
                var dimension = ONNXShape.Dimension()
                dimension.dimValue = Int64(extent)
                return dimension
            }
        return info
    }
}
