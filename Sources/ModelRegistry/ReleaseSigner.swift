import JSON
import ReleaseTrust
import Storage

/// Signs release metadata within the transaction that changes what is released.
///
/// A document's version is one above the stored one, and it is stored in the same transaction: whatever was published
/// had been committed before, so no version number ever stands for two contents, wherever the process dies.
struct ReleaseSigner: Sendable {
    /// Seconds for which each role's documents hold.
    struct Expiry: Sendable, Equatable {
        var root: Int
        var targets: Int
        var snapshot: Int
        var timestamp: Int

        func seconds(_ role: TrustRole) -> Int {
            switch role {
            case .root: root
            case .targets: targets
            case .snapshot: snapshot
            case .timestamp: timestamp
            }
        }
    }

    private let signer: MetadataSigner
    private let expiry: Expiry

    init(keys: RoleKeys, expiry: Expiry) {
        signer = MetadataSigner(keys: keys)
        self.expiry = expiry
    }

    /// A stored document.
    struct Stored: Sendable {
        let version: Int
        let issued: Int
        let expires: Int
        let bytes: [UInt8]
        var document: MetadataSigner.Document { MetadataSigner.Document(version: version, bytes: bytes) }
    }

    static func newest(_ role: TrustRole, in transaction: Transaction) throws -> Stored? {
        try transaction.row(
            "SELECT * FROM metadata WHERE role = ? ORDER BY version DESC LIMIT 1", [.text(role.rawValue)]
        ).map { row in
            Stored(
                version: try row.integer("version"), issued: try row.integer("issued"),
                expires: try row.integer("expires"), bytes: try row.blob("document"))
        }
    }

    /// Signs a new list of targets and what pins it.
    func release(_ targets: [ReleaseTarget], at now: Int, in transaction: Transaction) throws {
        let document = try sign(.targets, at: now, in: transaction) { version, validity throws(TrustError) in
            try signer.targets(targets, version: version, validity: validity)
        }
        try pin(document, at: now, in: transaction)
    }

    private func pin(_ targets: MetadataSigner.Document, at now: Int, in transaction: Transaction) throws {
        let snapshot = try sign(.snapshot, at: now, in: transaction) { version, validity throws(TrustError) in
            try signer.snapshot(of: targets, version: version, validity: validity)
        }
        try stamp(snapshot, at: now, in: transaction)
    }

    private func stamp(_ snapshot: MetadataSigner.Document, at now: Int, in transaction: Transaction) throws {
        _ = try sign(.timestamp, at: now, in: transaction) { version, validity throws(TrustError) in
            try signer.timestamp(of: snapshot, version: version, validity: validity)
        }
    }

    /// Signs again what is past half of its life, and what pins it; makes what is missing.
    ///
    /// - Parameter targets: the list to sign where the targets document is due.
    /// - Returns: whether anything was signed.
    func renew(
        _ targets: @autoclosure () throws -> [ReleaseTarget], at now: Int, in transaction: Transaction
    ) throws -> Bool {
        var isChanged = false
        if try isDue(.root, at: now, in: transaction) {
            _ = try sign(.root, at: now, in: transaction) { version, validity throws(TrustError) in
                try signer.root(version: version, validity: validity)
            }
            isChanged = true
        }
        if try isDue(.targets, at: now, in: transaction) {
            try release(targets(), at: now, in: transaction)
            return true
        }
        guard let document = try Self.newest(.targets, in: transaction)?.document else {
            throw RegistryError(.inconsistent, "no targets document is stored")
        }
        if try isDue(.snapshot, at: now, in: transaction) {
            try pin(document, at: now, in: transaction)
            return true
        }
        guard let snapshot = try Self.newest(.snapshot, in: transaction)?.document else {
            throw RegistryError(.inconsistent, "no snapshot document is stored")
        }
        if try isDue(.timestamp, at: now, in: transaction) {
            try stamp(snapshot, at: now, in: transaction)
            return true
        }
        return isChanged
    }

    private func isDue(_ role: TrustRole, at now: Int, in transaction: Transaction) throws -> Bool {
        guard let stored = try Self.newest(role, in: transaction) else { return true }
        // A configured life that was shortened counts at once.
        return now >= stored.issued + min(stored.expires - stored.issued, expiry.seconds(role)) / 2
    }

    private func sign(
        _ role: TrustRole, at now: Int, in transaction: Transaction,
        _ make: (Int, MetadataSigner.Validity) throws(TrustError) -> MetadataSigner.Document
    ) throws -> MetadataSigner.Document {
        let version = (try Self.newest(role, in: transaction)?.version ?? 0) + 1
        let expires = now + expiry.seconds(role)
        let document = try make(version, MetadataSigner.Validity(issued: now, expires: expires))
        try transaction.execute(
            "INSERT INTO metadata(role, version, issued, expires, document) VALUES(?, ?, ?, ?, ?)",
            [.text(role.rawValue), .integer(version), .integer(now), .integer(expires), .blob(document.bytes)])
        if role != .root {
            // Every root stays, so that an edge can follow the chain; of the others only the newest is ever used.
            try transaction.execute(
                "DELETE FROM metadata WHERE role = ? AND version < ?", [.text(role.rawValue), .integer(version)])
        }
        return document
    }
}
