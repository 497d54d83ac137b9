import ModelArtifact

/// The last gate before a student may run: its bytes are those that were signed, its task is the one accepted, and it
/// computes here what it computed where it was made.
struct StudentVerifier: Sendable {
    /// Hardware profile of this edge.
    let hardware: String

    /// What was signed for a student.
    struct Expectation: Sendable, Equatable {
        var version: Int
        var digest: String
        /// Bytes of the file; nothing where only the digest is known, from the journal.
        var length: Int?
    }

    /// - Throws: ``EdgeError`` `.digest`, `.malformed`, `.profile`, `.tooLarge`, `.golden`.
    func verify(
        _ bytes: [UInt8], is expected: Expectation, for task: TaskDocument?
    ) throws(EdgeError) -> sending StudentRunner {
        if let length = expected.length, bytes.count != length {
            throw EdgeError(.digest, "the student has \(bytes.count) bytes; \(length) were signed")
        }
        let digest = ContentDigest(of: bytes).hex
        guard digest == expected.digest else {
            throw EdgeError(.digest, "the student's digest is \(digest); \(expected.digest) was signed")
        }
        let student: Student
        do throws(ArtifactError) {
            student = try Student(decoding: bytes)
        } catch {
            throw EdgeError(.malformed, "the signed file is no student", cause: error)
        }
        if let task {
            guard student.task.hasShape(of: task) else {
                throw EdgeError(
                    .malformed, "the student's channels, window or classes are not those of the task \(task.name)")
            }
        }
        guard student.task.student.profile == hardware else {
            throw EdgeError(
                .profile, "the student is made for \(student.task.student.profile); this edge is \(hardware)")
        }
        do throws(ArtifactError) {
            try student.validateLimits(fileBytes: bytes.count)
        } catch {
            throw EdgeError(.tooLarge, "the student is beyond its task's limits", cause: error)
        }
        return try StudentRunner(student: student, version: expected.version, digest: digest)
    }
}

extension TaskDocument {
    /// Whether a network for the other task would fit this one: revisions may change devices and limits.
    func hasShape(of other: TaskDocument) -> Bool {
        name == other.name && kind == other.kind && channels == other.channels && rate == other.rate
            && window == other.window && step == other.step && classes.map(\.name) == other.classes.map(\.name)
            && target == other.target && heads == other.heads
    }
}
