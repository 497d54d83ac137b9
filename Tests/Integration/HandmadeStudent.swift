import Inference
import JSON
import ModelArtifact
import Telemetry
import Zstd

/// A task and students made by hand: is channel `a` of ten samples high or low?
enum HandmadeStudent {
    static let model = "level"

    static let task = TaskDocument(
        name: model, channels: [.init(name: "a", unit: "V"), .init(name: "b", unit: "V")], rate: 10, window: 10,
        step: 5, classes: [.init(name: "low"), .init(name: "high")], devices: ["*/*"],
        student: .init(profile: "x86-gateway", parameters: 100, bytes: 16_384))

    /// The file of a student whose golden vectors the real engine made; another weight gives another student.
    static func file(weight: Int8) throws -> [UInt8] {
        let row = (0..<20).map { Int8($0 % 2 == 0 ? 1 : 0) }
        let student = Student(
            task: task, spec: NetworkSpec(samples: 10, channels: 2, layers: [.dense(units: 2)]),
            normalisation: .init(mean: [0, 0], standardDeviation: [1, 1]), inputScale: 0.05,
            layers: [
                .init(
                    weight: row.map { $0 * -weight } + row.map { $0 * weight }, bias: [0, 0],
                    weightScale: [0.1, 0.1], outputScale: 0.001, inputScale: nil)
            ], gate: .init(temperature: 1, threshold: 0.7), golden: [])
        return try InferenceEngine(student).student(
            withGolden: [[Float](repeating: 1, count: 20), [Float](repeating: -0.3, count: 20)]
        ).encode()
    }

    /// The message and the chunks with which a distiller offers it.
    static func candidate(weight: Int8, now: Double) throws -> (message: CandidateMessage, chunks: [[UInt8]]) {
        let file = try file(weight: weight)
        var compressor = try ZstdCompressor()
        let frame = try compressor.compress(file)
        let size = 1024
        let chunks = stride(from: 0, to: frame.count, by: size).map {
            Array(frame[$0..<min(frame.count, $0 + size)])
        }
        let content = ChunkedBytes(
            frame: ContentDigest(of: frame).hex, bytes: frame.count, chunkSize: size,
            chunks: chunks.map { ContentDigest(of: $0).hex })
        let message = CandidateMessage(
            t: now, model: model, digest: ContentDigest(of: file).hex, size: file.count, content: content,
            job: "by-hand", distiller: "by-hand", report: [:])
        return (message, chunks)
    }
}
