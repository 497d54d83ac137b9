import BusAPI
import ModelArtifact
import ServiceRuntime
import Telemetry
import Zstd

/// A student on its way to the registry: the messages that carry it, and when they are due again.
struct CandidateOffer: Sendable {
    let message: CandidateMessage
    /// The zstd frame of the student file, cut as ``CandidateMessage/content`` says.
    let chunks: [[UInt8]]
    /// Unix seconds; due at once at first.
    private(set) var nextDue = 0.0
    private var repeats = 0

    /// - Throws: `ZstdError`.
    init(_ student: OfferedStudent, distiller: String, now: Double) throws {
        var compressor = try ZstdCompressor()
        let frame = try compressor.compress(student.bytes)
        let size = ChunkedBytes.defaultChunkSize
        chunks = stride(from: 0, to: frame.count, by: size).map { Array(frame[$0..<min($0 + size, frame.count)]) }
        message = CandidateMessage(
            t: now, model: student.model, digest: student.digest, size: student.bytes.count,
            content: ChunkedBytes(
                frame: ContentDigest(of: frame).hex, bytes: frame.count, chunkSize: size,
                chunks: chunks.map { ContentDigest(of: $0).hex }),
            job: student.job, distiller: distiller, base: student.base, report: student.report)
    }

    /// Says that the messages are sent now; they are due again later, and ever later up to a minute.
    mutating func sent(now: Double, every seconds: Double) {
        repeats += 1
        nextDue = now + min(seconds * Double(max(1, repeats / 4)), max(seconds, 60))
    }

    /// The broker lost or refused them: due at the next look.
    mutating func unsent() { nextDue = 0 }

    var topic: Topic { .candidate(model: message.model, digest: message.digest) }

    /// Publishes the candidate, retained, and its chunks, which are not.
    func publish(_ context: ServiceContext) async throws(BusError) {
        try await context.publish(message, on: topic, retained: true)
        for (index, chunk) in chunks.enumerated() {
            try await context.bus.publish(
                BusMessage(
                    topic: context.topics.string(.chunk(digest: message.content.frame, index: index)), payload: chunk,
                    contentType: "application/octet-stream"))
        }
    }
}
