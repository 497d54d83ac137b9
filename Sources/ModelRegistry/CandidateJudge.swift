import Inference
import ModelArtifact
import Telemetry
import Zstd

/// A candidate that may become a version.
struct JudgedCandidate: Sendable {
    let message: CandidateMessage
    let student: Student
    /// The student file.
    let bytes: [UInt8]
    /// Bytes of the student file in zstd.
    let compressedBytes: Int
    let task: CataloguedTask
}

/// Decides whether the bytes of a candidate are a student that edges can run for its task.
enum CandidateJudge {
    /// Unpacks, checks and runs a candidate.
    ///
    /// Nothing is allocated by what the bytes declare; the unpacked size is bounded by the candidate's, which the task's
    /// limit bounds.
    ///
    /// - Parameter frame: the zstd frame, whose digest was checked.
    /// - Throws: ``RegistryError`` `.refused` with the reason.
    @concurrent
    static func judge(
        _ message: CandidateMessage, frame: [UInt8], task: CataloguedTask
    ) async throws(RegistryError) -> JudgedCandidate {
        let bytes = try unpack(frame, size: message.size)
        guard ContentDigest(of: bytes).hex == message.digest else {
            throw RegistryError(.refused, "the student file has another digest than the candidate says")
        }
        let student: Student
        do throws(ArtifactError) {
            student = try Student(decoding: bytes)
            if let difference = CataloguedTask.difference(student.task, task.document) {
                throw ArtifactError(
                    .inconsistent, "the student was made for a task of another \(difference) than \(message.model) has")
            }
            // The limits are the catalogue's, whatever the student says of itself.
            var judged = student
            judged.task = task.document
            try judged.validateLimits(fileBytes: bytes.count)
        } catch {
            throw RegistryError(.refused, "no usable student: \(error)", cause: error)
        }
        do {
            let engine = try InferenceEngine(student)
            try engine.verifyGolden()
        } catch {
            throw RegistryError(.refused, "the golden vectors fail: \(error)", cause: error)
        }
        do throws(ZstdError) {
            var compressor = try ZstdCompressor()
            let compressed = try compressor.compress(bytes).count
            return JudgedCandidate(
                message: message, student: student, bytes: bytes, compressedBytes: compressed, task: task)
        } catch {
            throw RegistryError(.inconsistent, "the student cannot be compressed: \(error)", cause: error)
        }
    }

    private static func unpack(_ frame: [UInt8], size: Int) throws(RegistryError) -> [UInt8] {
        let bytes: [UInt8]
        do throws(ZstdError) {
            var decompressor = try ZstdDecompressor()
            bytes = try decompressor.decompress(frame, maximumBytes: size)
        } catch {
            throw RegistryError(.refused, "the frame cannot be unpacked: \(error)", cause: error)
        }
        guard bytes.count == size else {
            throw RegistryError(.refused, "the frame holds \(bytes.count) bytes instead of \(size)")
        }
        return bytes
    }
}
