import Storage
import Telemetry

/// What is asked of roll-ups.
extension AggregateStore {
    /// Points of one history at most; beyond, a coarser resolution tells as much.
    static let pointCapacity = 12_000

    /// Counts by the start of their interval, of subjects by their numbers.
    func rollUps(
        _ resolution: FleetHistory.Resolution, of subjects: [Int32], from: Double, to: Double
    ) async throws -> [Int32: [(start: Int, tally: Tally)]] {
        let first = Int((from / Double(resolution.rawValue)).rounded(.down)) * resolution.rawValue
        return try await database.read { transaction in
            var result: [Int32: [(start: Int, tally: Tally)]] = [:]
            for subject in subjects {
                result[subject] = try transaction.rows(
                    """
                    SELECT start, tally FROM rollup WHERE seconds = ? AND subject = ? AND start >= ? AND start < ?
                    ORDER BY start LIMIT ?
                    """,
                    [
                        .integer(resolution.rawValue), .integer(Int64(subject)), .integer(first),
                        .integer(Int64(to.rounded(.up))), .integer(Self.pointCapacity),
                    ]
                ).map { (try $0.integer("start"), try Tally(stored: try $0.blob("tally"))) }
            }
            return result
        }
    }

    /// The sums of each of these subjects within a time.
    func sums(
        _ resolution: FleetHistory.Resolution, of subjects: [Int32], from: Double, to: Double
    ) async throws -> [Int32: Tally] {
        try await rollUps(resolution, of: subjects, from: from, to: to).mapValues { rows in
            rows.reduce(into: Tally()) { $0.add($1.tally) }
        }
    }

    /// Newest first.
    func updates(model: String?, limit: Int) async throws -> [FleetUpdate] {
        let filter = model == nil ? "" : "WHERE model = ?"
        return try await database.read { transaction in
            try transaction.rows(
                "SELECT content FROM fleet_update \(filter) ORDER BY id DESC LIMIT ?",
                (model.map { [SQLValue.text($0)] } ?? []) + [.integer(limit)]
            ).map { try FleetUpdate(payload: Array(try $0.text("content").utf8)) }
        }
    }

    /// Starts of the first and the last hour in which a subject decided.
    func hours(of subject: Int32) async throws -> (first: Int, last: Int)? {
        try await database.read { transaction in
            let row = try transaction.row(
                "SELECT min(start) AS first, max(start) AS last FROM rollup WHERE seconds = 3600 AND subject = ?",
                [.integer(Int64(subject))])
            guard let row, row["first"] != .null else { return nil }
            return (try row.integer("first"), try row.integer("last"))
        }
    }

    /// Removes the records that arrived before a time.
    func trimRecords(before time: Double) async throws {
        try await database.write { transaction in
            try transaction.execute(
                "DELETE FROM record WHERE id < (SELECT id FROM record WHERE arrival >= ? ORDER BY id LIMIT 1)",
                [.real(time)])
        }
    }

    /// Removes the roll-ups of one subject that are older than they are kept.
    func trim(_ subject: Int32, _ kind: Subject.Kind, now: Double) async throws {
        try await database.write { transaction in
            for resolution in FleetHistory.Resolution.allCases {
                try transaction.execute(
                    "DELETE FROM rollup WHERE seconds = ? AND subject = ? AND start < ?",
                    [
                        .integer(resolution.rawValue), .integer(Int64(subject)),
                        .integer(Int64((now - RollUpRetention.of(resolution, kind)).rounded(.down))),
                    ])
            }
        }
    }
}
