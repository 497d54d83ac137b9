import JSON
import ModelArtifact
import Storage
import Telemetry

/// A student that was offered to the registry.
struct OfferedStudent: Sendable, Equatable {
    enum State: String, Sendable, CaseIterable { case offered, accepted }

    /// SHA-256 of the student file, hexadecimal.
    let digest: String
    let model: String
    let job: String
    let created: Double
    /// The student file.
    let bytes: [UInt8]
    let report: JSONObject
    /// Digest of the student it was warm-started from.
    let base: String?
    var state = State.offered
    /// Given by the registry.
    var version: Int?
}

extension DistillerDatabase {
    func record(_ job: Job) async throws {
        try await write { transaction in
            try transaction.execute(
                "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?)",
                [
                    .text(job.id), .text(job.state.rawValue), .bool(job.isAutomatic), .text(job.request.json.text),
                    .text(job.progress.json.text),
                ])
        }
    }

    func forget(job id: String) async throws {
        try await write { try $0.execute("DELETE FROM jobs WHERE id = ?", [.text(id)]) }
    }

    func jobs() async throws -> [Job] {
        try await read { transaction in
            try transaction.rows("SELECT * FROM jobs").map { row in
                guard let state = Job.State(rawValue: try row.text("state")) else {
                    throw StorageError(.unexpectedValue, "the job \(try row.text("id")) has an unknown state")
                }
                return Job(
                    request: try JobRequest(json: JSONValue(parsing: try row.text("request"))),
                    isAutomatic: try row.bool("automatic"), state: state,
                    progress: try JobProgress(json: JSONValue(parsing: try row.text("progress"))))
            }
        }
    }

    /// Adds or replaces a student.
    func record(_ student: OfferedStudent) async throws {
        try await write { transaction in
            try transaction.execute(
                "INSERT OR REPLACE INTO students VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    .text(student.digest), .text(student.model), .text(student.job), .real(student.created),
                    .optional(student.version), .text(student.state.rawValue), .blob(student.bytes),
                    .text(JSONValue.object(student.report).text), .optional(student.base),
                ])
        }
    }

    func forget(student digest: String) async throws {
        try await write { try $0.execute("DELETE FROM students WHERE digest = ?", [.text(digest)]) }
    }

    /// Every student that is offered or accepted, oldest first.
    func students() async throws -> [OfferedStudent] {
        try await read { transaction in
            try transaction.rows("SELECT * FROM students ORDER BY created").map { row in
                guard let state = OfferedStudent.State(rawValue: try row.text("state")) else {
                    throw StorageError(.unexpectedValue, "the student \(try row.text("digest")) has an unknown state")
                }
                return OfferedStudent(
                    digest: try row.text("digest"), model: try row.text("model"), job: try row.text("job"),
                    created: try row.real("created"), bytes: try row.blob("bytes"),
                    report: try JSONValue(parsing: try row.text("report")).object ?? [:],
                    base: try row.optionalText("base"), state: state, version: try row.optionalInteger("version"))
            }
        }
    }
}
