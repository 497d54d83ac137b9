import JSON

/// What a timestamp says of the snapshot, or a snapshot of the targets: version, length and digest.
struct Pin: Sendable {
    let version: Int
    private let length: Int?
    private let sha256: String?
    private let holder: String
    private let name: String

    /// - Throws: ``TrustError`` `.malformed`.
    init(_ document: SignedDocument, _ name: String) throws(TrustError) {
        do throws(JSONError) {
            let entry = try document.signed.object("meta").object(name)
            version = try entry.integer("version")
            length = try entry.optionalInteger("length")
            sha256 = try entry.optionalObject("hashes")?.string("sha256")
        } catch {
            throw TrustError(.malformed, "\(document.role) version \(document.version): \(error)", cause: error)
        }
        holder = "\(document.role) version \(document.version)"
        self.name = name
    }

    /// Whether the document is the pinned one, and what is wrong where it never will be.
    ///
    /// - Returns: false where it is a later one, whose pin is still to come.
    /// - Throws: ``TrustError`` `.rollback` where it is an earlier one, `.mismatch` where it has other bytes.
    func judge(_ document: SignedDocument) throws(TrustError) -> Bool {
        guard document.version >= version else {
            throw TrustError(
                .rollback, "\(document.role) version \(document.version), where \(holder) pins version \(version)")
        }
        guard document.version == version else { return false }
        guard isBytes(of: document) else {
            throw TrustError(
                .mismatch, "\(document.role) version \(document.version) has other bytes than \(holder) pins")
        }
        return true
    }

    /// Whether the document is the pinned one.
    func isMet(by document: SignedDocument) -> Bool { document.version == version && isBytes(of: document) }

    private func isBytes(of document: SignedDocument) -> Bool {
        (length.map { $0 == document.bytes.count } ?? true)
            && (sha256.map { $0 == Hexadecimal.sha256(document.bytes) } ?? true)
    }
}
