import ReleaseTrust

/// A registry in small: keys, a signer, and complete sets of metadata on demand.
struct TestRelease {
    static let issued = 1_760_000_000
    static let now = issued + 100

    static func keys(_ base: UInt8) throws -> RoleKeys {
        var seeds: [TrustRole: [UInt8]] = [:]
        for (index, role) in TrustRole.allCases.enumerated() {
            seeds[role] = [UInt8](repeating: base &+ UInt8(index), count: 32)
        }
        return try RoleKeys(seeds: seeds, isDevelopment: true)
    }

    var keys: RoleKeys
    var root: MetadataSigner.Document
    var targets: MetadataSigner.Document
    var snapshot: MetadataSigner.Document
    var timestamp: MetadataSigner.Document

    static func target(version: Int, model: String = "activity", rollback: Bool = false) -> ReleaseTarget {
        .student(
            .init(
                model: model, version: version, profile: "x86-gateway", channel: "stable",
                wave: .init(share: 1000, salt: "s-\(version)", sites: []), isRollback: rollback),
            length: 1000 + version, sha256: String(repeating: "0\(version % 10)", count: 32))
    }

    init(
        keys: RoleKeys, version: Int = 1, rootVersion: Int = 1, targets list: [ReleaseTarget]? = nil,
        timestampExpires: Int = issued + 86_400
    ) throws {
        self.keys = keys
        let signer = MetadataSigner(keys: keys)
        let long = MetadataSigner.Validity(issued: Self.issued, expires: Self.issued + 365 * 86_400)
        root = try signer.root(version: rootVersion, validity: long)
        targets = try signer.targets(
            list ?? [
                Self.target(version: version),
                .task(model: "activity", length: 400, sha256: String(repeating: "ab", count: 32)),
            ], version: version, validity: long)
        snapshot = try signer.snapshot(of: targets, version: version, validity: long)
        timestamp = try signer.timestamp(
            of: snapshot, version: version, validity: .init(issued: Self.issued, expires: timestampExpires))
    }
}

extension TrustStore {
    mutating func feed(_ role: TrustRole, of release: TestRelease) throws(TrustError) {
        switch role {
        case .root: try update(root: release.root.bytes, version: release.root.version)
        case .timestamp: try update(timestamp: release.timestamp.bytes)
        case .snapshot: try update(snapshot: release.snapshot.bytes)
        case .targets: try update(targets: release.targets.bytes)
        }
    }

    mutating func feed(_ release: TestRelease) throws(TrustError) {
        for role in [TrustRole.targets, .snapshot, .timestamp] { try feed(role, of: release) }
    }

    /// The version of the targets that may be installed from now.
    var readyVersion: Int? {
        if case .ready(let targets, .plausible) = state(now: TestRelease.now) { targets.version } else { nil }
    }
}
