import JSON
import Testing

@testable import ReleaseTrust

@Suite("Root rotation") struct RootRotationTests {
    static let validity = MetadataSigner.Validity(issued: TestRelease.issued, expires: TestRelease.issued + 86_400)

    @Test("A rotation signed by old and new keys is followed, also when roots arrive in disorder")
    func rotation() throws {
        let (a, b, c) = (try TestRelease.keys(1), try TestRelease.keys(20), try TestRelease.keys(40))
        let one = try MetadataSigner(keys: a).root(version: 1, validity: Self.validity)
        let two = try MetadataSigner(keys: b).root(version: 2, validity: Self.validity, previous: a)
        let three = try MetadataSigner(keys: c).root(version: 3, validity: Self.validity, previous: b)
        var store = try TrustStore(root: one.bytes)
        // The release by the newest keys comes before the roots that introduce them.
        let release = try TestRelease(keys: c, rootVersion: 3)
        try store.feed(release)
        #expect(store.readyVersion == nil)
        try store.update(root: three.bytes, version: 3)
        #expect(store.rootVersion == 1)
        #expect(try store.update(root: two.bytes, version: 2).changed)
        #expect(store.rootVersion == 3)
        #expect(store.readyVersion == 1)
        #expect(try !store.update(root: one.bytes, version: 1).changed)
    }

    @Test("A rotation that lacks the old keys' signature, or the new ones', is refused")
    func halfSigned() throws {
        let (a, b) = (try TestRelease.keys(1), try TestRelease.keys(20))
        let one = try MetadataSigner(keys: a).root(version: 1, validity: Self.validity)
        var store = try TrustStore(root: one.bytes)
        let onlyNew = try MetadataSigner(keys: b).root(version: 2, validity: Self.validity)
        let error = #expect(throws: TrustError.self) { try store.update(root: onlyNew.bytes, version: 2) }
        #expect(error?.message.contains("the root before") == true)

        let both = try JSONValue(
            parsing: MetadataSigner(keys: b).root(version: 2, validity: Self.validity, previous: a).bytes)
        var object = try #require(both.object)
        object["signatures"] = .array(Array(try #require(object["signatures"]?.elements).dropFirst()))
        let second = #expect(throws: TrustError.self) {
            try store.update(root: JSONValue.object(object).bytes, version: 2)
        }
        #expect(second?.message.contains("its own keys") == true)
        #expect(store.rootVersion == 1)
    }

    @Test("After a rotation of its keys, what the old keys signed is no longer installed")
    func revoked() throws {
        let (a, b) = (try TestRelease.keys(1), try TestRelease.keys(20))
        let old = try TestRelease(keys: a, version: 900)
        var store = try TrustStore(root: old.root.bytes)
        try store.feed(old)
        #expect(store.readyVersion == 900)
        let two = try MetadataSigner(keys: b).root(version: 2, validity: Self.validity, previous: a)
        try store.update(root: two.bytes, version: 2)
        #expect(store.readyVersion == nil)
        // Versions driven up with a stolen key do not lock the new keys out.
        try store.feed(try TestRelease(keys: b, version: 5))
        #expect(store.readyVersion == 5)
    }

    @Test("A root under another version's name, and a root with an unsupported key, are refused")
    func badRoots() throws {
        let keys = try TestRelease.keys(1)
        let one = try MetadataSigner(keys: keys).root(version: 1, validity: Self.validity)
        var store = try TrustStore(root: one.bytes)
        let three = try MetadataSigner(keys: keys).root(version: 3, validity: Self.validity)
        let error = #expect(throws: TrustError.self) { try store.update(root: three.bytes, version: 2) }
        #expect(error?.code == .mismatch)
        let text = String(decoding: one.bytes, as: UTF8.self)
        let rsa = text.replacing("\"keytype\":\"ed25519\"", with: "\"keytype\":\"rsa\"")
        let second = #expect(throws: TrustError.self) { try TrustStore(root: Array(rsa.utf8)) }
        #expect(second?.code == .unsupportedKey)
        let renamed = text.replacing(keys.keyID(.targets), with: String(repeating: "0", count: 64))
        let third = #expect(throws: TrustError.self) { try TrustStore(root: Array(renamed.utf8)) }
        #expect(third?.message.contains("digest of the key") == true)
        let tampered = text.replacing("\"threshold\":1", with: "\"threshold\":0")
        #expect(throws: TrustError.self) { try TrustStore(root: Array(tampered.utf8)) }
    }

    @Test("A threshold above the signatures there are is not met")
    func threshold() throws {
        // A root of our own making: two root keys, both of which must sign.
        let (a, b) = (try TestRelease.keys(1), try TestRelease.keys(20))
        let single = try JSONValue(parsing: MetadataSigner(keys: a).root(version: 1, validity: Self.validity).bytes)
        var signed = try #require(single.object?["signed"]?.object)
        var keys = try #require(signed["keys"]?.object)
        let second = try #require(b.publicKey(.root))
        keys[second.id] = second.json
        signed["keys"] = .object(keys)
        var roles = try #require(signed["roles"]?.object)
        let both = JSONValue.array([.string(a.keyID(.root)), .string(b.keyID(.root))])
        roles["root"] = .object(["keyids": both, "threshold": .integer(2)])
        signed["roles"] = .object(roles)
        let canonical = try JSONValue.object(signed).canonicalBytes()
        let signatures = [try a.signature(.root, of: canonical), try b.signature(.root, of: canonical)]
        func root(_ signatures: [JSONValue]) -> [UInt8] {
            JSONValue.object(["signatures": .array(signatures), "signed": .object(signed)]).bytes
        }
        #expect(try TrustStore(root: root(signatures)).rootVersion == 1)
        let error = #expect(throws: TrustError.self) { try TrustStore(root: root([signatures[0]])) }
        #expect(error?.code == .thresholdNotMet)
        #expect(error?.message.contains("1 of 2") == true)
        // One key twice counts once: it is refused outright.
        #expect(throws: TrustError.self) { try TrustStore(root: root([signatures[0], signatures[0]])) }
    }
}
