import JSON
import ReleaseTrust

/// The file with the private keys of the four roles, readable by its owner alone.
enum KeyRing {
    /// Reads the keys, or makes development keys where there are none and nothing was signed yet.
    ///
    /// - Parameter mayMake: nothing was signed so far; otherwise missing keys are an error, because edges trust those.
    /// - Throws: ``RegistryError`` `.keys` or `.file`; messages never show a key.
    static func open(_ path: String, mayMake: Bool) throws(RegistryError) -> RoleKeys {
        if let bytes = try DurableFile.contents(path) {
            let mode = try DurableFile.mode(path)
            guard mode & 0o077 == 0 else {
                throw RegistryError(
                    .keys, "\(path) can be read by others (mode \(String(mode, radix: 8))): run chmod 600 on it")
            }
            do throws(TrustError) {
                return try RoleKeys(decoding: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw RegistryError(.keys, "\(path): \(error)", cause: error)
            }
        }
        guard mayMake else {
            throw RegistryError(
                .keys, "\(path) is missing, and edges trust what was signed with it: bring the key file back")
        }
        do throws(TrustError) {
            let keys = try RoleKeys.generate(isDevelopment: true)
            try write(keys, path)
            return keys
        } catch {
            throw RegistryError(.keys, "cannot make development keys: \(error)", cause: error)
        }
    }

    private static func write(_ keys: RoleKeys, _ path: String) throws(TrustError) {
        do throws(RegistryError) {
            try DurableFile.replace(path, with: Array(keys.encode().utf8), mode: 0o600)
        } catch {
            throw TrustError(.invalidKeys, "\(error)", cause: error)
        }
    }

    /// Checks that a root document names these keys.
    ///
    /// - Throws: ``RegistryError`` `.keys`.
    static func check(_ keys: RoleKeys, against root: [UInt8], path: String) throws {
        let roles = try JSONObjectReader(try JSONValue(parsing: root)).object("signed").object("roles")
        for role in TrustRole.allCases
        where try roles.object(role.rawValue).strings("keyids").contains(keys.keyID(role)) == false {
            throw RegistryError(
                .keys, "\(path) holds another \(role) key than the root names: bring the right key file back")
        }
    }
}
