import Foundation
import ModelArtifact
import ModelExchange
import NeuralNetwork

@testable import ModelDelta

/// Sound inputs of each reader, from which damaged ones are made.
enum Seeds {
    static func write(_ folder: String) throws {
        for (index, spec) in SeedStudents.specs.enumerated() {
            try put(SeedStudents.make(spec, seed: 1).encode(), folder, .students, "\(index)")
            let floats = FloatNetwork(
                task: SeedStudents.task(spec), spec: spec, normalisation: SeedStudents.normalisation(spec),
                layers: spec.weightedLayers.map { index in
                    let (outputs, inputs) = spec.weightShape(at: index)
                    return .init(
                        weight: Array(repeating: 0.25, count: outputs * inputs),
                        bias: Array(repeating: 0, count: outputs))
                }, gate: .init(temperature: 1, threshold: 0.5))
            try put(floats.encode(), folder, .floats, "\(index)")
        }
        for (index, layers) in networks.enumerated() {
            let weights = NetworkWeights(spec: NetworkSpec(samples: 8, channels: 2, layers: layers), seed: 1)
            let file = try ONNXExport.float(
                weights, normalisation: SeedStudents.normalisation(weights.spec), task: SeedStudents.task(weights.spec))
            try put(file, folder, .onnx, "\(index)")
        }
        var moved = SeedStudents.make(SeedStudents.specs[0], seed: 1)
        for index in stride(from: 0, to: moved.layers[0].weight.count, by: 3) { moved.layers[0].weight[index] += 1 }
        let target = moved.encode()
        for frame in try DeltaCodec.candidates(base: SeedStudents.deltaBase, target: target) {
            try put(frame.bytes, folder, .deltas, frame.method.rawValue)
        }
        for (index, residual) in WeightResidual.candidates(base: SeedStudents.deltaBase, target: target).enumerated() {
            try put(residual, folder, .residuals, "\(index)")
        }
    }

    private static let networks: [[NetworkSpec.Layer]] = [
        [
            .convolution(filters: 3, kernel: 3, stride: 1), .batchNorm, .relu, .maxPool(size: 2), .globalAveragePool,
            .dense(units: 2),
        ],
        [
            .depthwiseConvolution(kernel: 3, stride: 1), .residual([.convolution(filters: 2, kernel: 3, stride: 1)]),
            .gelu, .averagePool(size: 2), .dense(units: 3), .tanh, .dense(units: 2),
        ],
    ]

    private static func put(_ bytes: [UInt8], _ folder: String, _ reader: Reader, _ name: String) throws {
        let place = URL(fileURLWithPath: folder).appendingPathComponent(reader.rawValue)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data(bytes).write(to: place.appendingPathComponent("seed-\(name)"))
    }
}
