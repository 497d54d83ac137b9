import JSON
import Testing

@testable import ReleaseTrust

@Suite("Trust store") struct TrustStoreTests {
    @Test("Documents are accepted in every order of arrival, and only when all are there")
    func everyOrder() throws {
        let release = try TestRelease(keys: TestRelease.keys(1))
        let roles: [TrustRole] = [.timestamp, .snapshot, .targets]
        for first in roles {
            for second in roles where second != first {
                var store = try TrustStore(root: release.root.bytes)
                let third = try #require(roles.first { $0 != first && $0 != second })
                try store.feed(first, of: release)
                #expect(store.readyVersion == nil)
                try store.feed(second, of: release)
                guard case .waiting(let missing, _) = store.state(now: TestRelease.now) else {
                    Issue.record("ready without \(third)")
                    continue
                }
                #expect(missing == [third])
                try store.feed(third, of: release)
                #expect(store.readyVersion == 1)
            }
        }
    }

    @Test("A later release replaces the one before once it is complete, and again changes nothing")
    func laterRelease() throws {
        let keys = try TestRelease.keys(1)
        let (one, two) = (try TestRelease(keys: keys), try TestRelease(keys: keys, version: 2))
        var store = try TrustStore(root: one.root.bytes)
        try store.feed(one)
        try store.feed(.targets, of: two)
        try store.feed(.snapshot, of: two)
        #expect(store.readyVersion == 1)
        try store.feed(.timestamp, of: two)
        #expect(store.readyVersion == 2)
        try store.feed(two)
        #expect(store.readyVersion == 2)
        // The timestamp alone: the old targets are no longer current, the new ones are not here.
        store = try TrustStore(root: one.root.bytes)
        try store.feed(one)
        try store.feed(.timestamp, of: two)
        #expect(store.readyVersion == nil)
    }

    @Test("An earlier version is refused in every role", arguments: [TrustRole.timestamp, .snapshot, .targets])
    func rollback(role: TrustRole) throws {
        let keys = try TestRelease.keys(1)
        let (one, two) = (try TestRelease(keys: keys), try TestRelease(keys: keys, version: 2))
        var store = try TrustStore(root: one.root.bytes)
        try store.feed(two)
        let error = #expect(throws: TrustError.self) { try store.feed(role, of: one) }
        #expect(error?.code == .rollback)
        #expect(error?.message.contains("\(role) version 1") == true)
        #expect(store.readyVersion == 2)
    }

    @Test("A new timestamp cannot bring back an old snapshot, nor a new snapshot old targets")
    func rollbackThroughPins() throws {
        let keys = try TestRelease.keys(1)
        let (one, two) = (try TestRelease(keys: keys), try TestRelease(keys: keys, version: 2))
        let signer = MetadataSigner(keys: keys)
        let validity = MetadataSigner.Validity(issued: TestRelease.issued, expires: TestRelease.issued + 86_400)
        var store = try TrustStore(root: one.root.bytes)
        try store.feed(two)
        let timestamp = try signer.timestamp(of: one.snapshot, version: 3, validity: validity)
        let error = #expect(throws: TrustError.self) { try store.update(timestamp: timestamp.bytes) }
        #expect(error?.code == .rollback)

        let snapshot = try signer.snapshot(of: one.targets, version: 3, validity: validity)
        try store.update(timestamp: signer.timestamp(of: snapshot, version: 3, validity: validity).bytes)
        let second = #expect(throws: TrustError.self) { try store.update(snapshot: snapshot.bytes) }
        #expect(second?.code == .rollback)
    }

    @Test("Parts of different releases with the same versions do not mix")
    func mixAndMatch() throws {
        let keys = try TestRelease.keys(1)
        let ours = try TestRelease(keys: keys)
        let other = try TestRelease(keys: keys, targets: [TestRelease.target(version: 9)])
        for role in [TrustRole.snapshot, .targets] {
            var store = try TrustStore(root: ours.root.bytes)
            for step in [TrustRole.timestamp, .snapshot, .targets] where step != role { try store.feed(step, of: ours) }
            if role == .snapshot {
                let error = #expect(throws: TrustError.self) { try store.feed(role, of: other) }
                #expect(error?.code == .mismatch)
            } else {
                let error = #expect(throws: TrustError.self) { try store.feed(role, of: other) }
                #expect(error?.code == .mismatch)
            }
            #expect(store.readyVersion == nil)
            try store.feed(role, of: ours)
            try store.feed(.targets, of: ours)
            #expect(store.readyVersion == 1)
        }
        // What waited is named when it turns out not to fit.
        var store = try TrustStore(root: ours.root.bytes)
        try store.feed(.targets, of: other)
        try store.feed(.snapshot, of: ours)
        let update = try store.update(timestamp: ours.timestamp.bytes)
        #expect(update.changed)
        #expect(update.refused.map(\.code) == [.mismatch])
    }

    @Test(
        "A changed byte anywhere in what is signed is refused", arguments: [TrustRole.timestamp, .snapshot, .targets])
    func tampered(role: TrustRole) throws {
        let release = try TestRelease(keys: TestRelease.keys(1))
        let bytes =
            switch role {
            case .timestamp: release.timestamp.bytes
            case .snapshot: release.snapshot.bytes
            default: release.targets.bytes
            }
        let text = String(decoding: bytes, as: UTF8.self)
        let changed = text.replacing("\"version\":1", with: "\"version\":7", maxReplacements: 1)
        #expect(changed != text)
        var store = try TrustStore(root: release.root.bytes)
        let error = #expect(throws: TrustError.self) { try store.take(role, changed) }
        #expect(error?.code == .invalidSignature)
        #expect(store.readyVersion == nil)
    }

    @Test("A document signed by the key of another role waits and never becomes trusted")
    func wrongKey() throws {
        let release = try TestRelease(keys: TestRelease.keys(1))
        let stranger = try TestRelease(keys: TestRelease.keys(100))
        var store = try TrustStore(root: release.root.bytes)
        try store.feed(stranger)
        guard case .waiting(let missing, _) = store.state(now: TestRelease.now) else {
            Issue.record("a stranger's release is trusted")
            return
        }
        #expect(missing == [.timestamp, .root])
        try store.feed(release)
        #expect(store.readyVersion == 1)
    }

    @Test("An expired timestamp stops installs; a clock before the signature postpones the check and says so")
    func time() throws {
        let release = try TestRelease(keys: TestRelease.keys(1))
        var store = try TrustStore(root: release.root.bytes)
        try store.feed(release)
        let expires = TestRelease.issued + 86_400
        #expect(store.state(now: expires) == .expired(.timestamp, since: expires))
        guard case .ready(_, .plausible) = store.state(now: expires - 1) else {
            Issue.record("expired too early")
            return
        }
        for (now, built) in [(0, 0), (TestRelease.issued - 7200, 0), (TestRelease.now, TestRelease.now + 90_000)] {
            guard case .ready(_, .implausible(let why)) = store.state(now: now, earliestPlausible: built) else {
                Issue.record("a clock at \(now) is believed")
                continue
            }
            #expect(why.contains("clock"))
        }
        let expired = try TestRelease(keys: release.keys, version: 2, timestampExpires: TestRelease.now)
        try store.feed(expired)
        #expect(store.state(now: TestRelease.now) == .expired(.timestamp, since: TestRelease.now))
    }

    @Test("What was trusted survives a restart, and so does the guard against going back")
    func persistence() throws {
        let keys = try TestRelease.keys(1)
        let (one, two) = (try TestRelease(keys: keys), try TestRelease(keys: keys, version: 2))
        var store = try TrustStore(root: one.root.bytes)
        try store.feed(two)
        let stored = store.encode()
        var restored = try TrustStore(decoding: stored, provisioned: one.root.bytes)
        #expect(restored.readyVersion == 2)
        #expect(throws: TrustError.self) { try restored.feed(.timestamp, of: one) }
        for count in stride(from: 0, to: stored.count, by: 101) {
            #expect(throws: TrustError.self) {
                try TrustStore(decoding: Array(stored.prefix(count)), provisioned: one.root.bytes)
            }
        }
        let edited = String(decoding: stored, as: UTF8.self).replacing("x86-gateway", with: "arm-gateway")
        let error = #expect(throws: TrustError.self) {
            try TrustStore(decoding: Array(edited.utf8), provisioned: one.root.bytes)
        }
        #expect(error?.code == .invalidSignature)
    }

    @Test(
        "Bytes that are no metadata are refused",
        arguments: [
            "", "null", "{}", #"{"signed":{},"signatures":[]}"#, #"{"signed":{"_type":"timestamp"},"signatures":7}"#,
            #"{"signatures":[],"signed":{"_type":"timestamp","spec_version":"2.0","version":1,"expires":"2030-01-01T00:00:00Z"}}"#,
            #"{"signatures":[],"signed":{"_type":"timestamp","spec_version":"1.0","version":0,"expires":"2030-01-01T00:00:00Z"}}"#,
            #"{"signatures":[],"signed":{"_type":"timestamp","spec_version":"1.0","version":1,"expires":"2030-02-30T00:00:00Z"}}"#,
            #"{"signatures":[],"signed":{"_type":"timestamp","spec_version":"1.0","version":1.5,"expires":"2030-01-01T00:00:00Z"}}"#,
            #"{"signatures":[{"keyid":"a","sig":"zz"}],"signed":{"_type":"timestamp","spec_version":"1.0","version":1,"expires":"2030-01-01T00:00:00Z"}}"#,
            #"{"signatures":[{"keyid":"a","sig":""},{"keyid":"a","sig":""}],"signed":{"_type":"timestamp","spec_version":"1.0","version":1,"expires":"2030-01-01T00:00:00Z"}}"#,
        ])
    func malformed(text: String) throws {
        let release = try TestRelease(keys: TestRelease.keys(1))
        var store = try TrustStore(root: release.root.bytes)
        #expect(throws: TrustError.self) { try store.update(timestamp: Array(text.utf8)) }
        #expect(throws: TrustError.self) { try TrustStore(root: Array(text.utf8)) }
        #expect(throws: TrustError.self) { try store.update(root: Array(text.utf8), version: 2) }
    }

    @Test("A document in another role's place is refused as such")
    func wrongRole() throws {
        let release = try TestRelease(keys: TestRelease.keys(1))
        var store = try TrustStore(root: release.root.bytes)
        let error = #expect(throws: TrustError.self) { try store.update(timestamp: release.snapshot.bytes) }
        #expect(error?.code == .wrongRole)
    }
}

extension TrustStore {
    fileprivate mutating func take(_ role: TrustRole, _ text: String) throws(TrustError) {
        switch role {
        case .root: try update(root: Array(text.utf8), version: rootVersion + 1)
        case .timestamp: try update(timestamp: Array(text.utf8))
        case .snapshot: try update(snapshot: Array(text.utf8))
        case .targets: try update(targets: Array(text.utf8))
        }
    }
}
