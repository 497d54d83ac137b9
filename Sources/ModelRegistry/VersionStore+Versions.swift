import JSON
import ModelArtifact
import Storage
import Telemetry

extension VersionStore {
    /// All versions of a model, in order.
    public func versions(model: String) async throws -> [ModelVersion] {
        try await database.read { transaction in
            try transaction.rows(
                "SELECT *, length(student) AS size FROM version WHERE model = ? ORDER BY version", [.text(model)]
            ).map(Self.version)
        }
    }

    /// The version that is desired, where there is one.
    public func released(model: String) async throws -> Int? {
        try await database.read { [channel] transaction in
            try transaction.row(
                "SELECT version FROM release WHERE model = ? AND channel = ?", [.text(model), .text(channel)]
            )?.integer("version")
        }
    }

    /// The student file of a version, by its digest.
    public func student(model: String, digest: String) async throws -> [UInt8]? {
        try await database.read { transaction in
            try transaction.row(
                "SELECT student FROM version WHERE model = ? AND digest = ?", [.text(model), .text(digest)]
            )?.blob("student")
        }
    }

    static func version(_ row: SQLRow) throws -> ModelVersion {
        ModelVersion(
            model: try row.text("model"), version: try row.integer("version"), digest: try row.text("digest"),
            base: try row.optionalText("base"), size: try row.integer("size"),
            compressedBytes: try row.integer("compressed_bytes"), parameters: try row.integer("parameters"),
            multiplyAccumulates: try row.integer("macs"), profile: try row.text("profile"),
            taskRevision: try row.integer("task_revision"), job: try row.text("job"),
            distiller: try row.text("distiller"),
            report: try JSONValue(parsing: try row.text("report")).object ?? [:], accepted: try row.real("accepted"))
    }

    /// How a candidate was answered before: the same bytes get the same answer.
    func answer(to candidate: CandidateMessage, now: Double) async throws -> CandidateResult? {
        try await database.read { transaction in
            let version = try transaction.row(
                "SELECT version FROM version WHERE model = ? AND digest = ?",
                [.text(candidate.model), .text(candidate.digest)])
            if let version {
                return CandidateResult(
                    t: now, digest: candidate.digest, state: .accepted, version: try version.integer("version"))
            }
            return try transaction.row(
                "SELECT reason FROM refusal WHERE model = ? AND digest = ? AND frame = ?",
                [.text(candidate.model), .text(candidate.digest), .text(candidate.content.frame)]
            ).map { row in
                CandidateResult(t: now, digest: candidate.digest, state: .refused, reason: try row.text("reason"))
            }
        }
    }

    /// Remembers why a candidate was refused; of all refusals the newest thousand are kept.
    func refuse(_ candidate: CandidateMessage, reason: String, now: Double) async throws {
        try await database.write { transaction in
            try transaction.execute(
                "INSERT OR REPLACE INTO refusal(model, digest, frame, reason, t) VALUES(?, ?, ?, ?, ?)",
                [
                    .text(candidate.model), .text(candidate.digest), .text(candidate.content.frame), .text(reason),
                    .real(now),
                ])
            try transaction.execute(
                "DELETE FROM refusal WHERE rowid NOT IN (SELECT rowid FROM refusal ORDER BY t DESC LIMIT 1000)")
        }
    }

    /// Makes the next version of a judged candidate, releases it and signs the release.
    ///
    /// - Returns: the version; the one there is already, where the same student was accepted before.
    func accept(_ judged: JudgedCandidate, now: Double) async throws -> ModelVersion {
        let message = judged.message
        return try await database.write { [signer, channel] transaction in
            let known = try transaction.row(
                "SELECT *, length(student) AS size FROM version WHERE model = ? AND digest = ?",
                [.text(message.model), .text(message.digest)])
            if let known { return try Self.version(known) }
            let last = try transaction.row(
                "SELECT max(version) AS last FROM version WHERE model = ?", [.text(message.model)])
            let version = ModelVersion(
                model: message.model, version: (try last?.optionalInteger("last") ?? 0) + 1, digest: message.digest,
                base: judged.student.base, size: judged.bytes.count, compressedBytes: judged.compressedBytes,
                parameters: judged.student.spec.parameterCount,
                multiplyAccumulates: judged.student.spec.multiplyAccumulates,
                profile: judged.task.document.student.profile, taskRevision: judged.task.revision, job: message.job,
                distiller: message.distiller, report: message.report, accepted: now)
            try Self.insert(version, student: judged.bytes, in: transaction)
            try Self.release(
                model: version.model, version: version.version, channel: channel, isRollback: false, now: now,
                in: transaction)
            try signer.release(try Self.targets(in: transaction), at: Int(now), in: transaction)
            return version
        }
    }

    private static func insert(_ version: ModelVersion, student: [UInt8], in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO version(model, version, digest, base, student, compressed_bytes, parameters, macs, profile,
                task_revision, job, distiller, report, accepted) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(version.model), .integer(version.version), .text(version.digest), .optional(version.base),
                .blob(student), .integer(version.compressedBytes), .integer(version.parameters),
                .integer(version.multiplyAccumulates), .text(version.profile), .integer(version.taskRevision),
                .text(version.job), .text(version.distiller), .text(JSONValue.object(version.report).text),
                .real(version.accepted),
            ])
    }

    /// Desires a version on a channel, and takes back the offers of the one before.
    private static func release(
        model: String, version: Int, channel: String, isRollback: Bool, now: Double, in transaction: Transaction
    ) throws {
        let previous = try transaction.row(
            "SELECT version FROM release WHERE model = ? AND channel = ?", [.text(model), .text(channel)]
        )?.integer("version")
        try transaction.execute(
            "INSERT OR REPLACE INTO release(model, channel, version, previous, rollback, t) VALUES(?, ?, ?, ?, ?, ?)",
            [
                .text(model), .text(channel), .integer(version), .optional(previous), .bool(isRollback), .real(now),
            ])
        try transaction.execute(
            """
            DELETE FROM offer WHERE model = ? AND version NOT IN (SELECT version FROM release WHERE model = ?)
            """, [.text(model), .text(model)])
    }

    /// Desires an earlier version again; signed as a rollback, so that edges may go back to it.
    ///
    /// - Throws: ``RegistryError`` `.unknownVersion`.
    func rollback(model: String, to version: Int, now: Double) async throws {
        try await database.write { [signer, channel] transaction in
            let known = try transaction.row(
                "SELECT 1 FROM version WHERE model = ? AND version = ?", [.text(model), .integer(version)])
            guard known != nil else {
                throw RegistryError(.unknownVersion, "there is no version \(version) of \(model)")
            }
            let last = try transaction.row(
                "SELECT max(version) AS last FROM version WHERE model = ?", [.text(model)]
            )?.integer("last")
            let released = try transaction.row(
                "SELECT version FROM release WHERE model = ? AND channel = ?", [.text(model), .text(channel)]
            )?.integer("version")
            guard released != version else { return }
            try Self.release(
                model: model, version: version, channel: channel, isRollback: version != last, now: now,
                in: transaction)
            try signer.release(try Self.targets(in: transaction), at: Int(now), in: transaction)
        }
    }
}
