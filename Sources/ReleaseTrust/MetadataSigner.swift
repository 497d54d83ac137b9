import JSON

/// Writes and signs the four documents of TUF 1.0 that python-tuf and other clients verify.
public struct MetadataSigner: Sendable {
    /// When a document was made and until when it holds, in Unix seconds.
    public struct Validity: Sendable, Equatable {
        public var issued: Int
        public var expires: Int
        public init(issued: Int, expires: Int) {
            self.issued = issued
            self.expires = expires
        }
    }

    /// A signed document and the version that stands in it.
    public struct Document: Sendable, Equatable {
        public let version: Int
        public let bytes: [UInt8]
        public init(version: Int, bytes: [UInt8]) {
            self.version = version
            self.bytes = bytes
        }
    }

    private let keys: RoleKeys

    public init(keys: RoleKeys) { self.keys = keys }

    /// The root document: which keys sign for which role, one each.
    ///
    /// - Parameter previous: the keys of the root before, which must sign a rotation too.
    /// - Throws: ``TrustError`` `.invalidKeys`.
    public func root(
        version: Int, validity: Validity, previous: RoleKeys? = nil
    ) throws(TrustError) -> Document {
        var members = JSONObject()
        var roles = JSONObject()
        for role in TrustRole.allCases {
            guard let key = keys.publicKey(role) else {
                throw TrustError(.invalidKeys, "the key of the role \(role) is missing")
            }
            members[key.id] = key.json
            roles[role.rawValue] = .object(["keyids": .array([.string(key.id)]), "threshold": .integer(1)])
        }
        var body: JSONObject = [
            "consistent_snapshot": .bool(false), "keys": .object(members), "roles": .object(roles),
        ]
        if keys.isDevelopment { body[SignedDocument.developmentKey] = .bool(true) }
        return try sign(.root, version, validity, body, alsoBy: previous)
    }

    /// The targets document: everything that may be installed.
    ///
    /// - Throws: ``TrustError`` `.malformed` where a path stands twice.
    public func targets(
        _ targets: [ReleaseTarget], version: Int, validity: Validity
    ) throws(TrustError) -> Document {
        var members = JSONObject()
        for target in targets {
            guard members[target.path] == nil else {
                throw TrustError(.malformed, "the target \(target.path) stands twice")
            }
            members[target.path] = target.json
        }
        return try sign(.targets, version, validity, ["targets": .object(members)])
    }

    /// The snapshot that pins a targets document.
    public func snapshot(of targets: Document, version: Int, validity: Validity) throws(TrustError) -> Document {
        try sign(.snapshot, version, validity, ["meta": .object(["targets.json": Self.pin(targets)])])
    }

    /// The timestamp that pins a snapshot.
    public func timestamp(of snapshot: Document, version: Int, validity: Validity) throws(TrustError) -> Document {
        try sign(.timestamp, version, validity, ["meta": .object(["snapshot.json": Self.pin(snapshot)])])
    }

    private static func pin(_ document: Document) -> JSONValue {
        .object([
            "version": .integer(Int64(document.version)), "length": .integer(Int64(document.bytes.count)),
            "hashes": .object(["sha256": .string(Hexadecimal.sha256(document.bytes))]),
        ])
    }

    private func sign(
        _ role: TrustRole, _ version: Int, _ validity: Validity, _ body: JSONObject, alsoBy previous: RoleKeys? = nil
    ) throws(TrustError) -> Document {
        precondition(version >= 1, "TUF versions begin at 1")
        var signed: JSONObject = [
            "_type": .string(role.rawValue), "spec_version": .string("1.0.31"), "version": .integer(Int64(version)),
            "expires": .string(CalendarTime.text(validity.expires)),
            SignedDocument.issuedKey: .string(CalendarTime.text(validity.issued)),
        ]
        for (key, value) in body { signed[key] = value }
        do {
            let canonical = try JSONValue.object(signed).canonicalBytes()
            var signatures = [try keys.signature(role, of: canonical)]
            if let previous, previous.keyID(role) != keys.keyID(role) {
                signatures.append(try previous.signature(role, of: canonical))
            }
            let envelope: JSONObject = ["signatures": .array(signatures), "signed": .object(signed)]
            return Document(version: version, bytes: JSONValue.object(envelope).bytes)
        } catch let error as TrustError {
            throw error
        } catch {
            throw TrustError(.malformed, "\(error)", cause: error)
        }
    }
}
