import JSON
import ModelArtifact
import Storage
public import Telemetry

extension VersionStore {
    /// What an edge says that it runs; nothing where its retained report was deleted.
    struct Report: Sendable {
        var model: String
        var edge: EdgeID
        var message: InstalledMessage?
    }

    /// Notes what edges say that they run, in their order.
    ///
    /// - Returns: whether a student that is run changed, so that another delta may be wanted.
    func record(_ reports: [Report]) async throws -> Bool {
        try await database.write { transaction in
            var isChanged = false
            for report in reports {
                let place: [SQLValue] = [.text(report.model), .text(report.edge.site), .text(report.edge.edge)]
                guard let message = report.message else {
                    try transaction.execute("DELETE FROM installed WHERE model = ? AND site = ? AND edge = ?", place)
                    continue
                }
                let before = try transaction.row(
                    "SELECT digest FROM installed WHERE model = ? AND site = ? AND edge = ?", place)
                if try before == nil || before?.optionalText("digest") != message.digest { isChanged = true }
                try transaction.execute(
                    """
                    INSERT OR REPLACE INTO installed(model, site, edge, state, running, digest, report, t)
                    VALUES(?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    place + [
                        .text(message.state.rawValue), .optional(message.running), .optional(message.digest),
                        .text(message.json.text), .real(message.t),
                    ])
            }
            return isChanged
        }
    }

    /// The last report of every edge on a model.
    public func installed(model: String) async throws -> [EdgeID: InstalledMessage] {
        try await database.read { transaction in
            var reports: [EdgeID: InstalledMessage] = [:]
            try transaction.forEachRow("SELECT site, edge, report FROM installed WHERE model = ?", [.text(model)]) {
                let edge = EdgeID(site: try $0.text("site"), edge: try $0.text("edge"))
                reports[edge] = try InstalledMessage(json: JSONValue(parsing: try $0.text("report")))
            }
            return reports
        }
    }

    /// An offer that should exist and does not.
    struct MissingOffer: Sendable, Equatable {
        var model: String
        /// Digest of the base, or `none`.
        var base: String
        /// Digest of the target.
        var target: String
        var version: Int
    }

    /// Released students for which no frame was made yet: the full one first, then a delta for each base in use.
    ///
    /// - Parameters:
    ///   - asked: bases (model, digest) that edges asked for beyond those of their reports.
    ///   - limit: bases a model at most, those of most edges first.
    func missingOffers(asked: [String: Set<String>], limit: Int) async throws -> [MissingOffer] {
        try await database.read { transaction in
            let releases = try transaction.rows(
                """
                SELECT DISTINCT release.model, version.digest, version.version
                FROM release JOIN version ON version.model = release.model AND version.version = release.version
                ORDER BY release.model
                """)
            var missing: [MissingOffer] = []
            for release in releases {
                let model = try release.text("model")
                let target = try release.text("digest")
                let used = try transaction.rows(
                    """
                    SELECT version.digest FROM version LEFT JOIN installed
                        ON installed.model = version.model AND installed.digest = version.digest
                    WHERE version.model = ? AND version.digest <> ?
                    GROUP BY version.digest ORDER BY count(installed.edge) DESC, version.version DESC
                    """, [.text(model), .text(target)]
                ).map { try $0.text("digest") }
                let running = try Set(
                    transaction.rows(
                        "SELECT DISTINCT digest FROM installed WHERE model = ? AND digest IS NOT NULL", [.text(model)]
                    ).map { try $0.text("digest") })
                let wanted = running.union(asked[model] ?? [])
                let made = try Set(
                    transaction.rows(
                        "SELECT base FROM offer WHERE model = ? AND target = ?", [.text(model), .text(target)]
                    )
                    .map { try $0.text("base") })
                for base in ["none"] + used.filter(wanted.contains).prefix(limit) where !made.contains(base) {
                    missing.append(
                        MissingOffer(
                            model: model, base: base, target: target, version: try release.integer("version")))
                }
            }
            return missing
        }
    }

    /// Keeps a frame, unless its target was overtaken meanwhile.
    ///
    /// - Returns: whether it was kept.
    func keep(_ frame: [UInt8], method: String, for offer: MissingOffer, now: Double) async throws -> Bool {
        try await database.write { transaction in
            let isCurrent = try transaction.row(
                "SELECT 1 FROM release WHERE model = ? AND version = ?", [.text(offer.model), .integer(offer.version)])
            guard isCurrent != nil else { return false }
            try transaction.execute(
                """
                INSERT OR REPLACE INTO offer(model, base, target, version, method, frame, content, made)
                VALUES(?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    .text(offer.model), .text(offer.base), .text(offer.target), .integer(offer.version), .text(method),
                    .text(ContentDigest(of: frame).hex), .blob(frame), .real(now),
                ])
            return true
        }
    }

    /// The bytes of an offered frame.
    func frame(_ digest: String) async throws -> [UInt8]? {
        try await database.read { transaction in
            try transaction.row("SELECT content FROM offer WHERE frame = ? LIMIT 1", [.text(digest)])?.blob("content")
        }
    }
}
