import JSON

/// A metadata document, read and checked for form; its signatures still have to be verified.
struct SignedDocument: Sendable {
    /// Fields of ours in `signed`; TUF lets clients ignore what they do not know.
    static let issuedKey = "x-retort-issued"
    static let developmentKey = "x-retort-development"

    static let maximumBytes = 4 << 20

    let role: TrustRole
    let bytes: [UInt8]
    let version: Int
    /// Unix seconds.
    let expires: Int
    /// Unix seconds, where the signer said it.
    let issued: Int?
    let signed: JSONObjectReader
    private let canonical: [UInt8]
    private let signatures: [(keyID: String, bytes: [UInt8])]

    /// - Throws: ``TrustError`` `.malformed`, `.tooLarge`, `.wrongRole`, `.unsupported`.
    init(_ role: TrustRole, _ bytes: [UInt8]) throws(TrustError) {
        guard bytes.count <= Self.maximumBytes else {
            throw TrustError(.tooLarge, "\(role): \(bytes.count) bytes; at most \(Self.maximumBytes) are accepted")
        }
        self.role = role
        self.bytes = bytes
        do {
            let value = try JSONValue(parsing: bytes, maximumDepth: 16, maximumBytes: Self.maximumBytes)
            let envelope = try JSONObjectReader(value)
            signed = try envelope.object("signed")
            signatures = try Self.signatures(envelope)
            let type = try signed.string("_type")
            guard type == role.rawValue else {
                throw TrustError(.wrongRole, "\(role): the document says it is \"\(type.prefix(20))\"")
            }
            let specification = try signed.string("spec_version")
            guard specification.hasPrefix("1.") else {
                throw TrustError(.unsupported, "\(role): TUF \(specification.prefix(20)) is not supported, only 1.x")
            }
            version = try signed.integer("version")
            guard version >= 1 else { throw TrustError(.malformed, "\(role): versions begin at 1, not \(version)") }
            expires = try Self.time(signed, "expires")
            issued = signed.object[Self.issuedKey] == nil ? nil : try Self.time(signed, Self.issuedKey)
            canonical = try JSONValue.object(signed.object).canonicalBytes()
        } catch let error as TrustError {
            throw error
        } catch {
            throw TrustError(.malformed, "\(role): \(error)", cause: error)
        }
    }

    private static func time(_ reader: JSONObjectReader, _ key: String) throws(JSONError) -> Int {
        let text = try reader.string(key)
        guard let seconds = CalendarTime.seconds(text) else {
            throw JSONError(.wrongType, "\(key): \"\(text.prefix(40))\" is no time like 2030-01-31T12:00:00Z")
        }
        return seconds
    }

    private static func signatures(_ envelope: JSONObjectReader) throws(JSONError) -> [(keyID: String, bytes: [UInt8])]
    {
        var signatures: [(keyID: String, bytes: [UInt8])] = []
        let elements = try envelope.elements("signatures")
        guard elements.count <= 64 else { throw JSONError(.tooLarge, "signatures: more than 64") }
        for (index, element) in elements.enumerated() {
            let reader = try JSONObjectReader(element, path: "signatures[\(index)]")
            let keyID = try reader.string("keyid")
            guard let bytes = Hexadecimal.bytes(try reader.string("sig")) else {
                throw JSONError(.wrongType, "signatures[\(index)].sig: hexadecimal digits are expected")
            }
            guard !signatures.contains(where: { $0.keyID == keyID }) else {
                throw JSONError(.wrongType, "signatures: the key \(keyID.prefix(64)) signs twice")
            }
            signatures.append((keyID, bytes))
        }
        return signatures
    }

    /// Whether none of the role's keys under `root` is among the signers.
    func isSignedByOthers(than root: RootDocument) -> Bool {
        let ids = Set(root.roles[role]?.keys.map(\.id) ?? [])
        return !signatures.contains { ids.contains($0.keyID) }
    }

    /// What the signatures are worth under a root.
    enum Verdict: Equatable { case verified, signedByOthers }

    /// Checks that enough keys of the role have signed.
    ///
    /// - Returns: `.signedByOthers` where no key of the role signed at all: a later root may know them.
    /// - Throws: ``TrustError`` `.invalidSignature`, `.thresholdNotMet`.
    func verify(by root: RootDocument) throws(TrustError) -> Verdict {
        let keys = root.roles[role] ?? RootDocument.Role(keys: [], threshold: 1)
        var valid = 0
        for key in keys.keys {
            guard let signature = signatures.first(where: { $0.keyID == key.id }) else { continue }
            guard key.verifies(signature.bytes, of: canonical) else {
                throw TrustError(
                    .invalidSignature, "\(role) version \(version): the signature by \(key.id.prefix(12)) does not fit")
            }
            valid += 1
        }
        guard valid > 0 else { return .signedByOthers }
        guard valid >= keys.threshold else {
            throw TrustError(
                .thresholdNotMet,
                "\(role) version \(version): \(valid) of \(keys.threshold) signatures that the root asks for")
        }
        return .verified
    }
}
