import Crypto
import JSON

/// A public Ed25519 key as metadata carries it.
struct TrustKey: Sendable {
    /// SHA-256 of the key's canonical JSON, in hexadecimal.
    let id: String
    let json: JSONValue
    private let key: Curve25519.Signing.PublicKey

    /// - Throws: ``TrustError`` `.unsupportedKey`, `.malformed`.
    init(id: String, json: JSONValue) throws(TrustError) {
        let publicText: String
        do {
            let reader = try JSONObjectReader(json, path: "keys.\(id)")
            let type = try reader.string("keytype")
            let scheme = try reader.string("scheme")
            guard type == "ed25519", scheme == "ed25519" else {
                throw TrustError(.unsupportedKey, "keys.\(id): \(type)/\(scheme) is not supported, only ed25519")
            }
            publicText = try reader.object("keyval").string("public")
            guard Hexadecimal.sha256(try json.canonicalBytes()) == id else {
                throw TrustError(.malformed, "keys.\(id): the key id is not the digest of the key")
            }
        } catch let error as TrustError {
            throw error
        } catch {
            throw TrustError(.malformed, "\(error)", cause: error)
        }
        guard let bytes = Hexadecimal.bytes(publicText), bytes.count == 32 else {
            throw TrustError(.malformed, "keys.\(id).keyval.public: 64 hexadecimal digits are expected")
        }
        do {
            key = try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        } catch {
            throw TrustError(.malformed, "keys.\(id).keyval.public is no Ed25519 key", cause: error)
        }
        self.id = id
        self.json = json
    }

    /// The key that belongs to a private one.
    init(_ key: Curve25519.Signing.PublicKey) throws(TrustError) {
        let json = JSONValue.object([
            "keytype": .string("ed25519"), "scheme": .string("ed25519"),
            "keyval": .object(["public": .string(Hexadecimal.text(key.rawRepresentation))]),
        ])
        self.json = json
        self.key = key
        do throws(JSONError) {
            id = Hexadecimal.sha256(try json.canonicalBytes())
        } catch {
            throw TrustError(.malformed, "\(error)", cause: error)
        }
    }

    func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool { key.isValidSignature(signature, for: bytes) }
}
