import Inference
import JSON
package import ModelArtifact
package import Telemetry
import Zstd

/// A student of the size that the activity task is given; its weights are drawn, for they cost the same.
package enum ReferenceStudent {
    /// Three convolutions of 12, 16 and 24 filters, each halving the time.
    package static func make(task: TaskDocument) throws -> Student {
        var random = SplitMix(state: 1)
        let spec = NetworkSpec(
            samples: task.window, channels: task.channels.count,
            layers: [
                .convolution(filters: 12, kernel: 5, stride: 2), .relu,
                .convolution(filters: 16, kernel: 5, stride: 2), .relu,
                .convolution(filters: 24, kernel: 5, stride: 2), .relu, .globalAveragePool,
                .dense(units: task.outputs),
            ])
        let layers = spec.weightedLayers.map { index in
            let (outputs, inputs) = spec.weightShape(at: index)
            let isLast = index == spec.layers.count - 1
            return Student.QuantisedLayer(
                weight: (0..<outputs * inputs).map { _ in Int8.random(in: -100...100, using: &random) },
                bias: (0..<outputs).map { _ in Int32.random(in: -500...500, using: &random) },
                // Activations have one scale throughout, so that each layer's factor is 2⁻⁸.
                weightScale: Array(repeating: 0x1p-8, count: outputs), outputScale: 0.03,
                inputScale: isLast ? nil : 0.03)
        }
        let student = Student(
            task: task, spec: spec,
            normalisation: .init(
                mean: Array(repeating: 0, count: spec.channels),
                standardDeviation: Array(repeating: 5, count: spec.channels)), inputScale: 0.03, layers: layers,
            gate: .init(temperature: 1, threshold: 0.5), golden: [])
        let window = (0..<spec.samples * spec.channels).map { _ in Float.random(in: -9...9, using: &random) }
        return try InferenceEngine(student).student(withGolden: [window])
    }

    /// What a warm-started training makes of a student: about a tenth of the weights a step or two away, on the same grid.
    package static func moved(_ student: Student, seed: UInt64) throws -> Student {
        var random = SplitMix(state: seed &+ 1)
        var next = student
        next.base = ContentDigest(of: student.encode()).hex
        for layer in next.layers.indices {
            next.layers[layer].weight = next.layers[layer].weight.map {
                guard Int.random(in: 0..<10, using: &random) == 0 else { return $0 }
                return Int8(max(-127, min(127, Int($0) + Int.random(in: -2...2, using: &random))))
            }
        }
        next.golden = []
        let window = (0..<next.spec.samples * next.spec.channels).map { _ in Float.random(in: -9...9, using: &random) }
        return try InferenceEngine(next).student(withGolden: [window])
    }

    /// The message and the one chunk with which a distiller offers a student.
    package static func candidate(_ student: Student, now: Double) throws -> (message: CandidateMessage, frame: [UInt8])
    {
        let file = student.encode()
        var compressor = try ZstdCompressor()
        let frame = try compressor.compress(file)
        let digest = ContentDigest(of: frame).hex
        let message = CandidateMessage(
            t: now, model: student.task.name, digest: ContentDigest(of: file).hex, size: file.count,
            content: ChunkedBytes(frame: digest, bytes: frame.count, chunkSize: frame.count, chunks: [digest]),
            job: "edge-load", distiller: "edge-load", report: [:])
        return (message, frame)
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
