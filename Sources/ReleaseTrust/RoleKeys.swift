import Crypto
import JSON

/// The private keys of a registry: one for each role.
public struct RoleKeys: Sendable {
    /// Version of the key file.
    public static let currentFormat = 1

    /// Made without ceremony at a first start; metadata signed with them says so.
    public let isDevelopment: Bool
    private let keys: [TrustRole: Curve25519.Signing.PrivateKey]
    private let publicKeys: [TrustRole: TrustKey]

    /// New keys from the system's random generator.
    ///
    /// - Throws: ``TrustError`` `.invalidKeys`.
    public static func generate(isDevelopment: Bool) throws(TrustError) -> RoleKeys {
        var keys: [TrustRole: Curve25519.Signing.PrivateKey] = [:]
        for role in TrustRole.allCases { keys[role] = Curve25519.Signing.PrivateKey() }
        return try RoleKeys(keys: keys, isDevelopment: isDevelopment)
    }

    /// Keys from 32-byte seeds, one for each role.
    ///
    /// - Throws: ``TrustError`` `.invalidKeys`.
    public init(seeds: [TrustRole: [UInt8]], isDevelopment: Bool) throws(TrustError) {
        var keys: [TrustRole: Curve25519.Signing.PrivateKey] = [:]
        for role in TrustRole.allCases {
            guard let seed = seeds[role] else {
                throw TrustError(.invalidKeys, "the key of the role \(role) is missing")
            }
            do {
                keys[role] = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            } catch {
                throw TrustError(.invalidKeys, "the key of the role \(role) is no Ed25519 key", cause: error)
            }
        }
        try self.init(keys: keys, isDevelopment: isDevelopment)
    }

    private init(keys: [TrustRole: Curve25519.Signing.PrivateKey], isDevelopment: Bool) throws(TrustError) {
        self.keys = keys
        self.isDevelopment = isDevelopment
        var publicKeys: [TrustRole: TrustKey] = [:]
        for (role, key) in keys { publicKeys[role] = try TrustKey(key.publicKey) }
        self.publicKeys = publicKeys
    }

    /// Reads a key file.
    ///
    /// - Throws: ``TrustError`` `.invalidKeys`, `.unsupported`; messages never show a private key.
    public init(decoding text: String) throws(TrustError) {
        var seeds: [TrustRole: [UInt8]] = [:]
        let isDevelopment: Bool
        do {
            let reader = try JSONObjectReader(try JSONValue(parsing: text))
            let format = try reader.integer("format")
            guard format == Self.currentFormat else {
                throw TrustError(
                    .unsupported, "this version reads key file format \(Self.currentFormat), not \(format)")
            }
            isDevelopment = try reader.optionalBool("development") ?? false
            let keys = try reader.object("keys")
            for role in TrustRole.allCases { seeds[role] = Hexadecimal.bytes(try keys.string(role.rawValue)) }
        } catch let error as TrustError {
            throw error
        } catch {
            throw TrustError(.invalidKeys, "the key file cannot be used: \(error)", cause: error)
        }
        try self.init(seeds: seeds, isDevelopment: isDevelopment)
    }

    /// The key file: private, so write it with mode 0600.
    public func encode() -> String {
        var object: JSONObject = ["format": .integer(Int64(Self.currentFormat))]
        if isDevelopment { object["development"] = .bool(true) }
        var members = JSONObject()
        for role in TrustRole.allCases {
            members[role.rawValue] = keys[role].map { .string(Hexadecimal.text($0.rawRepresentation)) }
        }
        object["keys"] = .object(members)
        return JSONValue.object(object).prettyText
    }

    /// The id of a role's public key.
    public func keyID(_ role: TrustRole) -> String { publicKeys[role]?.id ?? "" }

    func publicKey(_ role: TrustRole) -> TrustKey? { publicKeys[role] }

    /// One signature as metadata carries it.
    func signature(_ role: TrustRole, of bytes: [UInt8]) throws(TrustError) -> JSONValue {
        guard let key = keys[role], let id = publicKeys[role]?.id else {
            throw TrustError(.invalidKeys, "the key of the role \(role) is missing")
        }
        do {
            let signature = try key.signature(for: bytes)
            return .object(["keyid": .string(id), "sig": .string(Hexadecimal.text(signature))])
        } catch {
            throw TrustError(.invalidKeys, "signing for the role \(role) failed", cause: error)
        }
    }
}
