import Crypto
import JSON
import Testing

@testable import ReleaseTrust

@Suite("Release targets and keys") struct ReleaseTargetTests {
    static func verified(_ targets: [ReleaseTarget]) throws -> VerifiedTargets {
        let release = try TestRelease(keys: TestRelease.keys(1), targets: targets)
        var store = try TrustStore(root: release.root.bytes)
        try store.feed(release)
        guard case .ready(let verified, _) = store.state(now: TestRelease.now) else {
            throw TrustError(.malformed, "not ready")
        }
        return verified
    }

    @Test("Everything that a target says comes through signing and verification")
    func roundTrip() throws {
        let targets: [ReleaseTarget] = [
            .student(
                .init(
                    model: "activity", version: 7, profile: "x86-gateway", channel: "beta",
                    wave: .init(share: 125, salt: "é\"\\", sites: ["home", "lab"]), isRollback: true),
                length: 4711, sha256: String(repeating: "0f", count: 32)),
            TestRelease.target(version: 8),
            .task(model: "activity", length: 9, sha256: String(repeating: "aa", count: 32)),
        ]
        let verified = try Self.verified(targets)
        #expect(verified.targets == targets)
        #expect(verified.isDevelopment)
        #expect(verified.task(model: "activity")?.length == 9)
        #expect(verified.task(model: "other") == nil)
    }

    @Test("An edge is given the highest version whose wave includes it, within its profile and channel")
    func selection() throws {
        func student(_ version: Int, share: Int, sites: [String] = [], profile: String = "p") -> ReleaseTarget {
            .student(
                .init(
                    model: "m", version: version, profile: profile, channel: "stable",
                    wave: .init(share: share, salt: "x", sites: sites)), length: 1,
                sha256: String(repeating: "00", count: 32))
        }
        let verified = try Self.verified([
            student(1, share: 1000), student(2, share: 0), student(3, share: 1000, sites: ["lab"]),
            student(4, share: 1000, profile: "q"),
        ])
        func version(_ site: String, _ channel: String = "stable") -> Int? {
            verified.student(model: "m", profile: "p", channel: channel, site: site, edge: "gw-1")?.release.version
        }
        #expect(version("home") == 1)
        #expect(version("lab") == 3)
        #expect(version("lab", "beta") == nil)
    }

    @Test("A wave takes its share of edges, and growing it only adds")
    func wave() {
        let edges = (0..<2000).map { "gw-\($0)" }
        func members(_ share: Int) -> Set<String> {
            Set(edges.filter { ReleaseWave(share: share, salt: "w").includes(site: "home", edge: $0) })
        }
        let quarter = members(250)
        #expect((400...600).contains(quarter.count))
        #expect(quarter.isSubset(of: members(500)))
        #expect(members(0).isEmpty)
        #expect(members(1000).count == 2000)
    }

    @Test("A target that contradicts its path is refused")
    func contradiction() throws {
        let release = try TestRelease(keys: TestRelease.keys(1), targets: [TestRelease.target(version: 3)])
        let value = try JSONValue(parsing: release.targets.bytes)
        let target = try #require(value.object?["signed"]?.object?["targets"]?.object?.members.first)
        #expect(try ReleaseTarget(path: target.key, json: target.value) == TestRelease.target(version: 3))
        #expect(throws: JSONError.self) {
            try ReleaseTarget(path: "students/activity/4.safetensors", json: target.value)
        }
        #expect(throws: JSONError.self) { try ReleaseTarget(path: "tasks/other.json", json: target.value) }
    }

    @Test("Keys read back from their file and say that they are for development")
    func keyFile() throws {
        let keys = try RoleKeys.generate(isDevelopment: true)
        let read = try RoleKeys(decoding: keys.encode())
        #expect(read.isDevelopment)
        for role in TrustRole.allCases {
            #expect(read.keyID(role) == keys.keyID(role))
            #expect(keys.keyID(role).count == 64)
        }
        #expect(Set(TrustRole.allCases.map(keys.keyID)).count == 4)
        for bad in [
            "", "{}", keys.encode().replacing("\"format\": 1", with: "\"format\": 2"), #"{"format":1,"keys":{}}"#,
        ] {
            #expect(throws: TrustError.self) { try RoleKeys(decoding: bad) }
        }
    }

    @Test("A key id is the digest of the key's canonical JSON, as securesystemslib computes it")
    func keyID() throws {
        let seed: [UInt8] = Array(repeating: 7, count: 32)
        let key = try TrustKey(Curve25519.Signing.PrivateKey(rawRepresentation: seed).publicKey)
        // securesystemslib 1.x, SSlibKey of the same public key: SHA-256 over {"keytype","keyval","scheme"}.
        #expect(key.id == "bfe1a83869e5bf574e3ff3acbb83f840de84a990d10059f3096f0bf4f2b90c10")
    }

    @Test("Times read back, and impossible ones are refused")
    func times() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_760_000_000, "2025-10-09T08:53:20Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            #expect(CalendarTime.text(seconds) == text)
            #expect(CalendarTime.seconds(text) == seconds)
        }
        for bad in [
            "2100-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-04-31T00:00:00Z",
            "2025-01-01T24:00:00Z", "2025-01-01 00:00:00Z", "2025-01-01T00:00:00", "2025-01-01T00:00:00+00", "",
        ] {
            #expect(CalendarTime.seconds(bad) == nil)
        }
    }
}
