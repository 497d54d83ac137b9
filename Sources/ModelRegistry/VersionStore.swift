import JSON
import ModelArtifact
import ReleaseTrust
import Storage
import Telemetry

/// The registry's memory: tasks, versions, releases, signed metadata, offers and what edges run, in SQLite.
///
/// What belongs together is one transaction: a version, its release and the metadata that names it are there all or
/// not at all. Nothing is published that is not stored, so a killed process goes on where it was.
public final class VersionStore: Sendable {
    let database: Database
    let signer: ReleaseSigner
    /// Channel on which accepted versions are released.
    let channel: String
    /// For edges: the newest root of trust.
    let rootFile: String
    /// Signed with keys that were made without ceremony.
    let isDevelopment: Bool

    /// Opens the state folder; at the first start makes development keys and signs empty metadata.
    ///
    /// - Parameters:
    ///   - folder: state folder; the keys stand in `trust/keys.json`, with mode 0600.
    ///   - now: Unix seconds.
    /// - Throws: `StorageError`, ``RegistryError``.
    init(folder: String, settings: RegistrySettings, now: Double) async throws {
        database = try await Database(
            path: "\(folder)/registry.sqlite", durability: .powerLoss, migrations: RegistrySchema.migrations)
        let keyFile = "\(folder)/trust/keys.json"
        let root = try await database.read { try ReleaseSigner.newest(.root, in: $0)?.bytes }
        let keys = try KeyRing.open(keyFile, mayMake: root == nil)
        if let root { try KeyRing.check(keys, against: root, path: keyFile) }
        isDevelopment = keys.isDevelopment
        signer = ReleaseSigner(keys: keys, expiry: settings.expiry)
        channel = settings.channel
        rootFile = settings.rootFile ?? "\(folder)/trust/root.json"
        try await renew(now: now)
        try await writeRootFile()
    }

    /// Signs metadata again that is past half of its life.
    ///
    /// - Returns: whether anything has to be published.
    @discardableResult
    func renew(now: Double) async throws -> Bool {
        let root = try await newestRoot()?.version
        let isChanged = try await database.write { [signer] transaction in
            try signer.renew(try Self.targets(in: transaction), at: Int(now), in: transaction)
        }
        if let root, try await newestRoot()?.version != root { try await writeRootFile() }
        return isChanged
    }

    private func newestRoot() async throws -> ReleaseSigner.Stored? {
        try await database.read { try ReleaseSigner.newest(.root, in: $0) }
    }

    private func writeRootFile() async throws {
        guard let root = try await newestRoot() else {
            throw RegistryError(.inconsistent, "no root document is stored")
        }
        guard try DurableFile.contents(rootFile) != root.bytes else { return }
        try DurableFile.replace(rootFile, with: root.bytes, mode: 0o644)
    }

    func close() async throws { try await database.close() }

    // MARK: Tasks

    /// All tasks, by name.
    public func tasks() async throws -> [CataloguedTask] {
        try await database.read { transaction in
            try transaction.rows("SELECT * FROM task ORDER BY model").map(Self.task)
        }
    }

    /// The task of a model, where there is one.
    public func task(model: String) async throws -> CataloguedTask? {
        try await database.read { try Self.task(model: model, in: $0) }
    }

    static func task(model: String, in transaction: Transaction) throws -> CataloguedTask? {
        try transaction.row("SELECT * FROM task WHERE model = ?", [.text(model)]).map(task)
    }

    private static func task(_ row: SQLRow) throws -> CataloguedTask {
        try CataloguedTask(stored: row.blob("document"), revision: row.integer("revision"))
    }

    /// Takes a task, new or changed, and signs it.
    ///
    /// - Parameter file: where it comes from a task file: its name and the digest of its bytes. A file that has not
    ///   changed since it was last read changes nothing.
    /// - Returns: the task as it stands now, where it changed.
    /// - Throws: ``RegistryError`` `.refused`.
    func propose(
        _ document: TaskDocument, file: (name: String, digest: String)? = nil, now: Double
    ) async throws -> CataloguedTask? {
        let model = document.name
        return try await database.write { [signer] transaction in
            if let file {
                let known = try transaction.row("SELECT digest FROM task_file WHERE name = ?", [.text(file.name)])
                if try known?.text("digest") == file.digest { return nil }
                try transaction.execute(
                    "INSERT OR REPLACE INTO task_file(name, digest) VALUES(?, ?)",
                    [.text(file.name), .text(file.digest)])
            }
            let hasVersions = try transaction.row("SELECT 1 FROM version WHERE model = ?", [.text(model)]) != nil
            guard
                let task = try CataloguedTask.revise(
                    try Self.task(model: model, in: transaction), to: document, hasVersions: hasVersions)
            else { return nil }
            try transaction.execute(
                "INSERT OR REPLACE INTO task(model, revision, document, accepted) VALUES(?, ?, ?, ?)",
                [.text(model), .integer(task.revision), .blob(task.bytes), .real(now)])
            // What was refused under the old task may be welcome under the new one.
            try transaction.execute("DELETE FROM refusal WHERE model = ?", [.text(model)])
            try signer.release(try Self.targets(in: transaction), at: Int(now), in: transaction)
            return task
        }
    }

    // MARK: Targets

    /// Everything that may be installed: each task, and each channel's released student.
    static func targets(in transaction: Transaction) throws -> [ReleaseTarget] {
        let tasks = try transaction.rows("SELECT model, document FROM task ORDER BY model").map { row in
            let document = try row.blob("document")
            return ReleaseTarget.task(
                model: try row.text("model"), length: document.count, sha256: ContentDigest(of: document).hex)
        }
        let students = try transaction.rows(
            """
            SELECT release.model, release.channel, release.version, release.rollback, version.profile, version.digest,
                length(version.student) AS size
            FROM release JOIN version ON version.model = release.model AND version.version = release.version
            ORDER BY release.model, release.channel
            """
        ).map { row in
            ReleaseTarget.student(
                ReleaseTarget.Student(
                    model: try row.text("model"), version: try row.integer("version"),
                    profile: try row.text("profile"), channel: try row.text("channel"), wave: .everyone,
                    isRollback: try row.bool("rollback")),
                length: try row.integer("size"), sha256: try row.text("digest"))
        }
        return tasks + students
    }
}
