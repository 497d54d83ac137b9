import JSON

/// A root document: the keys of every role.
struct RootDocument: Sendable {
    /// The keys that may sign for a role and how many of them must.
    struct Role: Sendable {
        var keys: [TrustKey]
        var threshold: Int
    }

    let document: SignedDocument
    let roles: [TrustRole: Role]
    let isDevelopment: Bool

    var version: Int { document.version }

    /// Reads the document; whether it may be trusted is another question.
    ///
    /// - Throws: ``TrustError`` `.malformed`, `.unsupportedKey` and what ``SignedDocument`` throws.
    init(_ bytes: [UInt8]) throws(TrustError) {
        document = try SignedDocument(.root, bytes)
        do {
            var keys: [String: TrustKey] = [:]
            let members = try document.signed.object("keys").object
            guard members.count <= 64 else { throw TrustError(.malformed, "root: more than 64 keys") }
            for (id, json) in members { keys[id] = try TrustKey(id: id, json: json) }
            let reader = try document.signed.object("roles")
            var roles: [TrustRole: Role] = [:]
            for role in TrustRole.allCases {
                roles[role] = try Self.role(try reader.object(role.rawValue), keys)
            }
            self.roles = roles
            isDevelopment = try document.signed.optionalBool(SignedDocument.developmentKey) ?? false
        } catch let error as TrustError {
            throw error
        } catch {
            throw TrustError(.malformed, "root: \(error)", cause: error)
        }
    }

    private static func role(_ reader: JSONObjectReader, _ keys: [String: TrustKey]) throws(JSONError) -> Role {
        let ids = try reader.strings("keyids")
        let threshold = try reader.integer("threshold")
        let known = ids.compactMap { keys[$0] }
        guard known.count == ids.count, Set(ids).count == ids.count else {
            throw JSONError(.wrongType, "\(reader.path).keyids: a key is unknown or stands twice")
        }
        guard (1...max(1, known.count)).contains(threshold) else {
            throw JSONError(.wrongType, "\(reader.path).threshold: \(threshold) of \(known.count) keys cannot be met")
        }
        return Role(keys: known, threshold: threshold)
    }

    /// Whether a role is signed for by other keys, or by more of them, than under another root.
    func rotates(_ role: TrustRole, from other: RootDocument) -> Bool {
        Set(roles[role]?.keys.map(\.id) ?? []) != Set(other.roles[role]?.keys.map(\.id) ?? [])
            || roles[role]?.threshold != other.roles[role]?.threshold
    }
}
