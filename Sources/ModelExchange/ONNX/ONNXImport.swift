import JSON
public import ModelArtifact
public import NeuralNetwork
import SwiftProtobuf

/// A float network read from an ONNX file that another tool wrote.
///
/// Read are chains of convolutions along samples, depthwise ones, batch norm, activations, pools, dense layers and simple
/// residual blocks, in (batch × channels × samples) or (batch × samples × channels); what stands before the first of them
/// may scale and shift channels and becomes the normalisation.
public struct ONNXImport: Sendable {
    public let weights: NetworkWeights
    public let normalisation: Student.Normalisation
    /// As the file's metadata hold it, where `retort export` wrote the file.
    public let task: TaskDocument?
    /// What was changed on the way, in words.
    public let notes: [String]

    /// Bytes of a file that are still read.
    public static let maximumBytes = 512 << 20

    /// - Throws: ``ExchangeError`` `.unsupported` that names the first operator or attribute that this version lacks;
    ///   `.malformed` or `.tooLarge` for a file that is not sound.
    public init(_ bytes: [UInt8]) throws(ExchangeError) {
        guard bytes.count <= Self.maximumBytes else {
            throw ExchangeError(.tooLarge, "\(bytes.count) bytes; at most \(Self.maximumBytes) are read")
        }
        let model: ONNXModel
        do {
            var options = BinaryDecodingOptions()
            options.messageDepthLimit = 24
            model = try ONNXModel(serializedBytes: bytes, options: options)
        } catch {
            throw ExchangeError(.malformed, "this is no sound ONNX file: \(error)", cause: error)
        }
        guard model.hasGraph, !model.graph.node.isEmpty else {
            throw ExchangeError(.malformed, "this is no ONNX file, or one without a graph")
        }
        let opset = model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0
        guard (7...25).contains(opset) else {
            throw ExchangeError(.unsupported, "opset \(opset); 7 to 25 are read")
        }
        var reader = try ONNXGraphReader(model.graph)
        let network = try reader.read()
        (weights, normalisation, notes) = (network.weights, network.normalisation, reader.notes)
        let text = model.metadataProps.first { $0.key == "retort.task" }?.value
        do throws(JSONError) {
            task = try text.map { (text) throws(JSONError) in try TaskDocument(json: JSONValue(parsing: text)) }
        } catch {
            throw ExchangeError(.malformed, "the metadata entry retort.task: \(error)", cause: error)
        }
    }
}
