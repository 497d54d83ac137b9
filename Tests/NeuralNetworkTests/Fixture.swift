import Foundation
import JSON
import ModelArtifact
import Testing

@testable import NeuralNetwork

/// PyTorch's numbers, as `Fixtures/make_fixtures.py` wrote them.
enum Fixture {
    static func load(_ name: String) throws -> JSONValue {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/\(name).json")
        return try JSONValue(parsing: String(contentsOf: file, encoding: .utf8))
    }

    /// One layer's, or a few layers', inputs and outputs, and the gradients for a gradient by the outputs.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let spec: NetworkSpec
        let windows: Int
        let training: Bool
        let input: [Float]
        let output: [Float]
        let tensors: [NetworkWeights.Tensor]
        /// Empty where PyTorch was not asked to train.
        let outputGradient: [Float]
        let inputGradient: [Float]
        let gradients: [String: [Float]]

        var testDescription: String { name }

        init(_ json: JSONValue) throws {
            let reader = try JSONObjectReader(json)
            name = try reader.string("name")
            spec = try NetworkSpec(json: #require(json.object?["spec"]))
            windows = try reader.integer("windows")
            training = try reader.bool("training")
            input = try reader.floats("input")
            output = try reader.floats("output")
            outputGradient = try reader.optionalNumbers("outputGradient")?.map(Float.init) ?? []
            inputGradient = try reader.optionalNumbers("inputGradient")?.map(Float.init) ?? []
            tensors = try #require(json.object?["tensors"]?.object).map { name, tensor in
                let reader = try JSONObjectReader(tensor)
                return NetworkWeights.Tensor(
                    name: name, shape: try reader.numbers("shape").map { Int($0) }, values: try reader.floats("values"))
            }
            var gradients: [String: [Float]] = [:]
            for (name, values) in json.object?["gradients"]?.object ?? [:] {
                gradients[name] = try #require(values.numberArray).map(Float.init)
            }
            self.gradients = gradients
        }
    }
}

extension JSONObjectReader {
    func floats(_ key: String) throws -> [Float] { try numbers(key).map(Float.init) }
}

/// Whether numbers agree within `tolerance` of their size, or of 1 where they are smaller.
func expectClose(
    _ ours: [Float], _ theirs: [Float], tolerance: Float, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(ours.count == theirs.count, "\(what)", sourceLocation: sourceLocation)
    guard
        let worst = zip(ours, theirs).enumerated().max(by: {
            abs($0.element.0 - $0.element.1) < abs($1.element.0 - $1.element.1)
        })
    else { return }
    let (a, b) = worst.element
    #expect(
        ours.allSatisfy(\.isFinite) && abs(a - b) <= tolerance * max(1, abs(b)),
        "\(what)[\(worst.offset)]: \(a), PyTorch has \(b)", sourceLocation: sourceLocation)
}
