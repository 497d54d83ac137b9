import JSON

/// The edge's view of release metadata: takes documents in any order, trusts only what chains to its root.
///
/// A synchronous state machine without I/O. Documents that cannot be judged yet (a snapshot before its timestamp, a
/// document signed with keys that a later root names) are kept, one of each role, and looked at again whenever
/// something else arrives.
///
/// Source: TUF 1.0.31, §5 (client workflow); retained messages stand in for the repository's files.
public struct TrustStore: Sendable {
    /// Roots that may wait for the one before them.
    private static let maximumPendingRoots = 32
    /// Seconds by which a clock may be behind the signer's.
    private static let clockTolerance = 3600

    var root: RootDocument
    var timestamp: SignedDocument?
    var snapshot: SignedDocument?
    var targets: (document: SignedDocument, list: [ReleaseTarget])?
    private var pending: [TrustRole: SignedDocument] = [:]
    private var pendingRoots: [Int: RootDocument] = [:]

    /// - Parameter root: a root document that came with the edge; its own threshold must have signed it.
    /// - Throws: ``TrustError``.
    public init(root: [UInt8]) throws(TrustError) {
        let document = try RootDocument(root)
        guard try document.document.verify(by: document) == .verified else {
            throw TrustError(.thresholdNotMet, "root version \(document.version): not signed by its own keys")
        }
        self.root = document
    }

    /// The version of the root that is trusted now.
    public var rootVersion: Int { root.version }

    // MARK: Arrivals

    /// What a document's arrival led to.
    public struct Update: Sendable {
        /// Whether what is trusted has changed.
        public var changed = false
        /// Why documents that had waited are refused, now that they could be judged.
        public var refused: [TrustError] = []
    }

    /// Takes a root document. Old ones change nothing; one further ahead waits for those between.
    ///
    /// - Throws: ``TrustError``; the store is then as before.
    @discardableResult
    public mutating func update(root bytes: [UInt8], version: Int) throws(TrustError) -> Update {
        guard version > root.version else { return Update() }
        let document = try RootDocument(bytes)
        guard document.version == version else {
            throw TrustError(.mismatch, "root version \(document.version) stands where version \(version) is expected")
        }
        var update = Update()
        if version > root.version + 1 {
            guard pendingRoots.count < Self.maximumPendingRoots || pendingRoots[version] != nil else {
                throw TrustError(.tooLarge, "root version \(version): \(pendingRoots.count) roots wait already")
            }
            pendingRoots[version] = document
            return update
        }
        try verifyRotation(to: document)
        adopt(document)
        while let next = pendingRoots.removeValue(forKey: root.version + 1) {
            do throws(TrustError) {
                try verifyRotation(to: next)
                adopt(next)
            } catch {
                update.refused.append(error)
            }
        }
        let reached = root.version
        pendingRoots = pendingRoots.filter { $0.key > reached }
        update.changed = true
        advance(&update)
        return update
    }

    /// Takes a timestamp document.
    ///
    /// - Throws: ``TrustError`` where the document can never be accepted; the store is then as before.
    @discardableResult
    public mutating func update(timestamp bytes: [UInt8]) throws(TrustError) -> Update { try take(.timestamp, bytes) }

    /// Takes a snapshot document; see ``update(timestamp:)``.
    @discardableResult
    public mutating func update(snapshot bytes: [UInt8]) throws(TrustError) -> Update { try take(.snapshot, bytes) }

    /// Takes a targets document; see ``update(timestamp:)``.
    @discardableResult
    public mutating func update(targets bytes: [UInt8]) throws(TrustError) -> Update { try take(.targets, bytes) }

    private mutating func take(_ role: TrustRole, _ bytes: [UInt8]) throws(TrustError) -> Update {
        let document = try SignedDocument(role, bytes)
        var update = Update()
        if try judge(document, &update) {
            pending[role] = nil
            advance(&update)
        } else {
            pending[role] = document
        }
        return update
    }

    // MARK: Root rotation

    private func verifyRotation(to next: RootDocument) throws(TrustError) {
        for (judge, name) in [(root, "the root before"), (next, "its own keys")] {
            guard try next.document.verify(by: judge) == .verified else {
                throw TrustError(.thresholdNotMet, "root version \(next.version) is not signed by \(name)")
            }
        }
    }

    mutating func adopt(_ next: RootDocument) {
        let previous = root
        root = next
        // Whoever held a rotated key may have driven the versions up; they start anew (TUF §5.3.11).
        if next.rotates(.timestamp, from: previous) || next.rotates(.snapshot, from: previous) {
            timestamp = nil
            snapshot = nil
        }
        if next.rotates(.targets, from: previous) || next.rotates(.snapshot, from: previous) { targets = nil }
    }

    // MARK: Judging

    /// Accepts pending documents from the timestamp down, as far as they go.
    private mutating func advance(_ update: inout Update) {
        for role in [TrustRole.timestamp, .snapshot, .targets] {
            guard let document = pending[role] else { continue }
            do throws(TrustError) {
                if try judge(document, &update) { pending[role] = nil }
            } catch {
                pending[role] = nil
                update.refused.append(error)
            }
        }
    }

    /// - Returns: false where the document has to wait: for the one that pins it, or for a root that knows its keys.
    private mutating func judge(_ document: SignedDocument, _ update: inout Update) throws(TrustError) -> Bool {
        guard try document.verify(by: root) == .verified else { return false }
        let accepted =
            switch document.role {
            case .root: false
            case .timestamp: try accept(timestamp: document)
            case .snapshot: try accept(snapshot: document)
            case .targets: try accept(targets: document)
            }
        if accepted { update.changed = true }
        return accepted
    }

    private mutating func accept(targets document: SignedDocument) throws(TrustError) -> Bool {
        // A snapshot that the timestamp has overtaken pins nothing.
        guard let timestamp, let snapshot, try Pin(timestamp, "snapshot.json").isMet(by: snapshot),
            try Pin(snapshot, "targets.json").judge(document)
        else { return false }
        targets = (document, try Self.targets(document))
        return true
    }

    private mutating func accept(timestamp document: SignedDocument) throws(TrustError) -> Bool {
        let pin = try Pin(document, "snapshot.json")
        if let timestamp {
            guard document.version >= timestamp.version else {
                throw TrustError(
                    .rollback, "timestamp version \(document.version) after version \(timestamp.version)")
            }
            if document.version == timestamp.version {
                guard document.bytes == timestamp.bytes else {
                    throw TrustError(.mismatch, "two timestamps of version \(document.version) differ")
                }
                return true
            }
            let pinned = try Pin(timestamp, "snapshot.json").version
            guard pin.version >= pinned else {
                throw TrustError(
                    .rollback, "timestamp version \(document.version) pins snapshot \(pin.version) after \(pinned)")
            }
        }
        timestamp = document
        return true
    }

    private mutating func accept(snapshot document: SignedDocument) throws(TrustError) -> Bool {
        guard let timestamp, try Pin(timestamp, "snapshot.json").judge(document) else { return false }
        let next = try Pin(document, "targets.json").version
        if let targets, next < targets.document.version {
            throw TrustError(
                .rollback, "snapshot version \(document.version) pins targets \(next) after \(targets.document.version)"
            )
        }
        if let snapshot, next < (try Pin(snapshot, "targets.json").version) {
            throw TrustError(.rollback, "snapshot version \(document.version) pins older targets than the one before")
        }
        snapshot = document
        return true
    }

    static func targets(_ document: SignedDocument) throws(TrustError) -> [ReleaseTarget] {
        do {
            var list: [ReleaseTarget] = []
            for (path, json) in try document.signed.object("targets").object {
                list.append(try ReleaseTarget(path: path, json: json))
            }
            return list
        } catch {
            throw TrustError(.malformed, "targets version \(document.version): \(error)", cause: error)
        }
    }

    // MARK: State

    /// What may be done at `now`.
    ///
    /// - Parameters:
    ///   - now: Unix seconds by the edge's clock.
    ///   - earliestPlausible: Unix seconds before which the clock cannot be right: when the edge's software was built.
    public func state(now: Int, earliestPlausible: Int = 0) -> TrustState {
        guard let timestamp else { return .waiting(for: missing(.timestamp), why: "no timestamp is verified yet") }
        guard let snapshot, Self.matches(timestamp, "snapshot.json", snapshot) else {
            return .waiting(
                for: missing(.snapshot),
                why: "timestamp version \(timestamp.version) pins a snapshot that is not here yet")
        }
        guard let targets, Self.matches(snapshot, "targets.json", targets.document) else {
            return .waiting(
                for: missing(.targets), why: "snapshot version \(snapshot.version) pins targets that are not here yet")
        }
        let documents = [root.document, timestamp, snapshot, targets.document]
        let floor = max(earliestPlausible, documents.compactMap(\.issued).max() ?? 0)
        let verified = VerifiedTargets(
            version: targets.document.version, targets: targets.list, isDevelopment: root.isDevelopment,
            expires: documents.map(\.expires).min() ?? 0)
        if now < floor - Self.clockTolerance {
            return .ready(
                verified,
                clock: .implausible(
                    "the clock says \(now), before \(floor), when this was signed or built; expiry is not checked"))
        }
        if let expired = documents.filter({ $0.expires <= now }).min(by: { $0.expires < $1.expires }) {
            return .expired(expired.role, since: expired.expires)
        }
        return .ready(verified, clock: .plausible)
    }

    private static func matches(_ document: SignedDocument, _ name: String, _ other: SignedDocument) -> Bool {
        do throws(TrustError) { return try Pin(document, name).isMet(by: other) } catch { return false }
    }

    /// The role itself, and the root where a document of the role is here with signatures by keys unknown so far.
    private func missing(_ role: TrustRole) -> [TrustRole] {
        pending[role].map { $0.isSignedByOthers(than: root) } == true ? [role, .root] : [role]
    }
}
