public import ModelArtifact
import BusAPI
import JSON
import Telemetry
import Zstd

/// A student made elsewhere, handed to the registry as a distiller does: a retained candidate, its chunks, an answer.
public struct StudentOffer: Sendable {
    public let student: Student
    let message: CandidateMessage
    /// The zstd frame of the file, cut as the message says.
    let chunks: [[UInt8]]

    /// Seconds until what is not answered is sent again.
    static let repetition = Duration.seconds(1)
    /// How often it is sent at most.
    static let attempts = 20

    /// Reads and checks a student file.
    ///
    /// - Parameter now: Unix seconds.
    /// - Throws: ``FleetConsoleError`` `.invalidOption` that says what is wrong with the bytes.
    public init(file bytes: [UInt8], now: Double) throws(FleetConsoleError) {
        do {
            student = try Student(decoding: bytes)
            try student.validateLimits(fileBytes: bytes.count)
            var compressor = try ZstdCompressor()
            let frame = try compressor.compress(bytes)
            let size = ChunkedBytes.defaultChunkSize
            chunks = stride(from: 0, to: frame.count, by: size).map { Array(frame[$0..<min($0 + size, frame.count)]) }
            let digest = ContentDigest(of: bytes).hex
            message = CandidateMessage(
                t: now, model: student.task.name, digest: digest, size: bytes.count,
                content: ChunkedBytes(
                    frame: ContentDigest(of: frame).hex, bytes: frame.count, chunkSize: size,
                    chunks: chunks.map { ContentDigest(of: $0).hex }),
                job: "added-\(digest.prefix(12))", distiller: "retort", base: student.base,
                report: ["student": .object(["parameters": .integer(Int64(student.spec.parameterCount))])])
        } catch {
            throw FleetConsoleError(.invalidOption, "no usable student: \(error)")
        }
    }

    /// Offers the student until the registry answers, and takes the retained candidate back.
    ///
    /// - Returns: the version it became.
    /// - Throws: ``FleetConsoleError`` `.failed` with the registry's reason, or `.timedOut`.
    public func submit(to client: FleetClient) async throws -> Int {
        let candidate = client.topics.string(.candidate(model: message.model, digest: message.digest))
        let answers = client.topics.string(.candidateResult(model: message.model, digest: message.digest))
        let subscription = try await client.subscribe(to: [BusFilter(answers)])
        defer { subscription.cancel() }
        let result = try await withThrowingTaskGroup(of: CandidateResult?.self) { group in
            group.addTask {
                for await batch in subscription {
                    for message in batch where !message.payload.isEmpty && !message.retained {
                        return try CandidateResult(payload: message.payload)
                    }
                }
                throw FleetConsoleError(.failed, "the connection to \(client.address) was closed")
            }
            group.addTask {
                for _ in 0..<Self.attempts {
                    try await publish(on: candidate, client)
                    try await Task.sleep(for: Self.repetition)
                }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        try await client.bus.publish(BusMessage(topic: candidate, payload: [], retained: true))
        guard let result else {
            throw FleetConsoleError(
                .timedOut, "no registry answered on \(answers): is model-registry running on this broker?")
        }
        guard result.state == .accepted, let version = result.version else {
            throw FleetConsoleError(
                .failed, "the registry refused the student: \(result.reason ?? "no reason given")")
        }
        return version
    }

    private func publish(on candidate: String, _ client: FleetClient) async throws {
        try await client.bus.publish(
            BusMessage(
                topic: candidate, payload: message.payload, retained: true, contentType: "application/json"))
        for (index, chunk) in chunks.enumerated() {
            try await client.bus.publish(
                BusMessage(
                    topic: client.topics.string(.chunk(digest: message.content.frame, index: index)), payload: chunk,
                    contentType: "application/octet-stream"))
        }
    }
}
