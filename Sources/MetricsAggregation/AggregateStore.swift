import JSON
import Storage
import Telemetry

/// Keeps what the aggregator counts in SQLite.
///
/// A record and the counts it was sealed into change in one transaction, and counts of records that are still held are
/// not stored at all but counted again from the records: so a process killed at any moment counts nothing twice.
struct AggregateStore: Sendable {
    static let migrations = [
        Migration(
            1,
            sql: """
                CREATE TABLE name(number INTEGER PRIMARY KEY, text TEXT NOT NULL);
                CREATE TABLE series(
                    number INTEGER PRIMARY KEY, device INTEGER NOT NULL, model INTEGER NOT NULL, sealed TEXT NOT NULL);
                CREATE TABLE record(
                    series INTEGER NOT NULL, start INTEGER NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,
                    arrival REAL NOT NULL, version INTEGER NOT NULL, edge INTEGER NOT NULL, student, student_confidence
                    REAL NOT NULL, latency REAL NOT NULL, final, final_confidence REAL NOT NULL, revision INTEGER
                    NOT NULL, by_cloud INTEGER NOT NULL, verdict, truth, label,
                    PRIMARY KEY(series, start)) WITHOUT ROWID;
                CREATE TABLE interval(
                    device INTEGER NOT NULL, basis INTEGER NOT NULL, id TEXT NOT NULL, t REAL NOT NULL,
                    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, answer, sequence INTEGER NOT NULL,
                    PRIMARY KEY(device, basis, id)) WITHOUT ROWID;
                CREATE TABLE tally(
                    model INTEGER NOT NULL, version INTEGER NOT NULL, sealed TEXT NOT NULL,
                    PRIMARY KEY(model, version)) WITHOUT ROWID;
                CREATE TABLE document(name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
                """)
    ]

    let database: Database

    func write(_ snapshot: AggregateSnapshot) async throws {
        guard !snapshot.isEmpty || snapshot.isComplete else { return }
        try await database.write { try Self.write(snapshot, $0) }
    }

    private static func write(_ snapshot: AggregateSnapshot, _ transaction: Transaction) throws {
        if snapshot.isComplete {
            for table in ["name", "series", "record", "interval", "tally", "document"] {
                try transaction.execute("DELETE FROM \(table)")
            }
        }
        for name in snapshot.names {
            try transaction.execute(
                "INSERT OR REPLACE INTO name VALUES(?, ?)", [.integer(Int64(name.number)), .text(name.text)])
        }
        for series in snapshot.series {
            try transaction.execute(
                "INSERT OR REPLACE INTO series VALUES(?, ?, ?, ?)",
                [
                    .integer(series.number), .integer(Int64(series.key.device)), .integer(Int64(series.key.model)),
                    .text(series.sealed.text),
                ])
        }
        for entry in snapshot.records { try write(entry, transaction) }
        for key in snapshot.sealedRecords {
            try transaction.execute(
                "DELETE FROM record WHERE series = ? AND start = ?", [.integer(key.series), .integer(key.start)])
        }
        for name in snapshot.evictedIntervals {
            try transaction.execute(
                "DELETE FROM interval WHERE device = ? AND basis = ? AND id = ?",
                [.integer(Int64(name.key.device)), .integer(name.key.basis.rawValue), .text(name.id)])
        }
        for entry in snapshot.intervals {
            let interval = entry.interval
            try transaction.execute(
                "INSERT OR REPLACE INTO interval VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    .integer(Int64(entry.key.device)), .integer(entry.key.basis.rawValue), .text(interval.id),
                    .real(interval.t), .integer(interval.from), .integer(interval.to), interval.answer.column,
                    .integer(interval.sequence),
                ])
        }
        for entry in snapshot.tallies {
            try transaction.execute(
                "INSERT OR REPLACE INTO tally VALUES(?, ?, ?)",
                [.integer(Int64(entry.key.model)), .integer(Int64(entry.key.version)), .text(entry.tally.text)])
        }
        for document in snapshot.documents {
            try transaction.execute(
                "INSERT OR REPLACE INTO document VALUES(?, ?)", [.text(document.name), .text(document.content.text)])
        }
    }

    private static func write(_ entry: AggregateSnapshot.Record, _ transaction: Transaction) throws {
        let record = entry.record
        try transaction.execute(
            "INSERT OR REPLACE INTO record VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(entry.series), .integer(record.start), .integer(record.from), .integer(record.to),
                .real(record.arrival), .integer(Int64(record.version)), .integer(Int64(record.edge)),
                record.student.column, .real(Double(record.studentConfidence)), .real(Double(record.latency)),
                record.final.column, .real(Double(record.finalConfidence)), .integer(Int64(record.revision)),
                .bool(record.isByCloud), record.verdict.column, record.truth.column, record.label.column,
            ])
    }

    // MARK: Reading

    /// What was stored, counted as it was.
    ///
    /// - Throws: `StorageError`, or `JSONError` where a stored document is damaged.
    func read(topics: TopicSpace, limits: JoinLimits) async throws -> Aggregation {
        try await database.read { transaction in
            var aggregation = Aggregation(topics: topics, limits: limits)
            try Self.readJoin(&aggregation.join, transaction)
            aggregation.restoreHeads()
            try transaction.forEachRow("SELECT * FROM document") { row in
                let content = try JSONValue(parsing: try row.text("content"))
                let parts = try row.text("name").split(separator: "/").map(String.init)
                switch (parts.first, parts.count) {
                case ("energy", 3):
                    aggregation.energy.edges[EdgeID(site: parts[1], edge: parts[2])] = try .init(json: content)
                case ("account", 3):
                    guard let model = Int32(parts[1]), let version = Int32(parts[2]) else { break }
                    aggregation.energy.accounts[VersionKey(model: model, version: version)] = try .init(json: content)
                default: try aggregation.fleet.restore(content)
                }
            }
            for id in aggregation.energy.edges.keys {
                do throws(JoinRefusal) { try aggregation.fleet.see(id) } catch {
                    throw StorageError(.unexpectedValue, error.reason)
                }
            }
            aggregation.forgetPublished()
            return aggregation
        }
    }

    private static func readJoin(_ join: inout DecisionJoin, _ transaction: Transaction) throws {
        for (number, row) in try transaction.rows("SELECT * FROM name ORDER BY number").enumerated() {
            guard try row.integer("number") == number else {
                throw StorageError(.unexpectedValue, "table name: number \(number) is missing")
            }
            join.restore(name: try row.text("text"))
        }
        let names = join.names.names.count
        func name(_ row: SQLRow, _ column: String) throws -> Int32 {
            let number = try row.integer(column)
            guard (0..<names).contains(number) else {
                throw StorageError(.unexpectedValue, "\(column): there is no name \(number)")
            }
            return Int32(number)
        }
        for (number, row) in try transaction.rows("SELECT * FROM series ORDER BY number").enumerated() {
            guard try row.integer("number") == number else {
                throw StorageError(.unexpectedValue, "table series: number \(number) is missing")
            }
            let key = DecisionSeries.Key(device: try name(row, "device"), model: try name(row, "model"))
            join.append(try DecisionSeries(key: key, sealedJSON: try JSONValue(parsing: try row.text("sealed"))))
        }
        try transaction.forEachRow("SELECT * FROM tally") { row in
            let key = VersionKey(
                model: try name(row, "model"), version: Int32(truncatingIfNeeded: try row.integer("version")))
            let tally = try VersionTally(json: try JSONValue(parsing: try row.text("sealed")))
            join.sealed[key] = tally
            join.live[key] = tally
        }
        try transaction.forEachRow("SELECT * FROM interval ORDER BY sequence") { row in
            let key = DecisionJoin.IntervalKey(
                device: try name(row, "device"), basis: try row.integer("basis") == 0 ? .truth : .label)
            join.intervals[key, default: IntervalTable(capacity: join.limits.intervals)].insert(
                IntervalTable.Interval(
                    id: try row.text("id"), t: try row.real("t"), from: Int64(try row.integer("start_us")),
                    to: Int64(try row.integer("end_us")), answer: try Answer(row, "answer", names: names),
                    sequence: try row.integer("sequence")))
        }
        try transaction.forEachRow("SELECT * FROM record ORDER BY arrival") { row in
            let series = try row.integer("series")
            guard join.series.indices.contains(series) else {
                throw StorageError(.unexpectedValue, "table record: there is no series \(series)")
            }
            join.restore(try record(row, names: names), series: series)
        }
        join.pending = PendingChanges()
        join.pending.storedNames = names
    }

    private static func record(_ row: SQLRow, names: Int) throws -> DecisionRecord {
        var record = DecisionRecord(
            start: Int64(try row.integer("start")), from: Int64(try row.integer("start_us")),
            to: Int64(try row.integer("end_us")), arrival: try row.real("arrival"))
        record.version = Int32(truncatingIfNeeded: try row.integer("version"))
        record.edge = Int32(truncatingIfNeeded: try row.integer("edge"))
        record.student = try Answer(row, "student", names: names)
        record.studentConfidence = Float(try row.real("student_confidence"))
        record.latency = Float(try row.real("latency"))
        record.final = try Answer(row, "final", names: names)
        record.finalConfidence = Float(try row.real("final_confidence"))
        record.revision = Int32(truncatingIfNeeded: try row.integer("revision"))
        record.isByCloud = try row.bool("by_cloud")
        record.verdict = try Answer(row, "verdict", names: names)
        record.truth = try Answer(row, "truth", names: names)
        record.label = try Answer(row, "label", names: names)
        return record
    }
}

extension Answer {
    /// Null, a text for mixed, an integer for a label, a real for a value: the columns have no affinity.
    fileprivate var column: SQLValue {
        switch self {
        case .none: .null
        case .mixed: "mixed"
        case .label(let label): .integer(Int64(label))
        case .value(let value): .real(value)
        }
    }

    fileprivate init(_ row: SQLRow, _ column: String, names: Int) throws {
        switch row[column] {
        case .null: self = .none
        case .text: self = .mixed
        case .integer(let label) where label >= 0 && label < Int64(names): self = .label(Int32(label))
        case .real(let value): self = .value(value)
        case let other: throw StorageError(.unexpectedValue, "\(column): \(String(describing: other)) is no answer")
        }
    }
}
