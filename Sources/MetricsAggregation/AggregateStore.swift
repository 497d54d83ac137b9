import JSON
import Storage
import Telemetry

/// Keeps what the aggregator counts in SQLite: the records of windows, the totals of every subject, and their roll-ups
/// by the minute, hour and day.
///
/// A record and the counts it is part of change in one transaction, so a process killed at any moment counts nothing
/// twice. Totals stand among the roll-ups, at 0 seconds.
struct AggregateStore: Sendable {
    static let migrations = [
        Migration(
            1,
            sql: """
                CREATE TABLE name(number INTEGER PRIMARY KEY, text TEXT NOT NULL);
                CREATE TABLE subject(
                    number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name INTEGER NOT NULL, model INTEGER NOT NULL);
                CREATE TABLE rollup(
                    seconds INTEGER NOT NULL, subject INTEGER NOT NULL, start INTEGER NOT NULL, tally BLOB NOT NULL,
                    PRIMARY KEY(seconds, subject, start)) WITHOUT ROWID;
                CREATE TABLE series(
                    number INTEGER PRIMARY KEY, device INTEGER NOT NULL, model INTEGER NOT NULL, content TEXT NOT NULL);
                CREATE TABLE record(
                    id INTEGER PRIMARY KEY, series INTEGER NOT NULL, start INTEGER NOT NULL, start_us INTEGER NOT NULL,
                    end_us INTEGER NOT NULL, arrival REAL NOT NULL, minute INTEGER NOT NULL, version INTEGER NOT NULL,
                    edge INTEGER NOT NULL, student, student_confidence REAL NOT NULL, latency REAL NOT NULL, final,
                    final_confidence REAL NOT NULL, revision INTEGER NOT NULL, by_cloud INTEGER NOT NULL, verdict,
                    truth, label, UNIQUE(series, start));
                CREATE TABLE interval(
                    device INTEGER NOT NULL, basis INTEGER NOT NULL, id TEXT NOT NULL, t REAL NOT NULL,
                    start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, answer, sequence INTEGER NOT NULL,
                    PRIMARY KEY(device, basis, id)) WITHOUT ROWID;
                CREATE TABLE fleet_update(
                    id INTEGER PRIMARY KEY, model TEXT NOT NULL, content TEXT NOT NULL);
                CREATE INDEX fleet_update_model ON fleet_update(model, id);
                CREATE TABLE document(name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
                """)
    ]

    /// Updates kept.
    static let updateCapacity = 100_000

    let database: Database
    let limits: JoinLimits

    /// Writes a snapshot once, however often it is tried.
    func write(_ snapshot: AggregateSnapshot) async throws {
        guard !snapshot.isEmpty else { return }
        try await database.write { [limits] transaction in
            let last = try transaction.row("SELECT content FROM document WHERE name = 'stores'")
            if let last, let number = Int(try last.text("content")), number >= snapshot.number { return }
            try Self.write(snapshot, transaction)
            try Self.trim(transaction, limits)
            try transaction.execute(
                "INSERT OR REPLACE INTO document VALUES('stores', ?)", [.text("\(snapshot.number)")])
        }
    }

    private static func write(_ snapshot: AggregateSnapshot, _ transaction: Transaction) throws {
        for name in snapshot.names {
            try transaction.execute(
                "INSERT OR REPLACE INTO name VALUES(?, ?)", [.integer(Int64(name.number)), .text(name.text)])
        }
        for entry in snapshot.subjects {
            try transaction.execute(
                "INSERT OR REPLACE INTO subject VALUES(?, ?, ?, ?)",
                [
                    .integer(Int64(entry.number)), .integer(entry.subject.kind.rawValue),
                    .integer(Int64(entry.subject.name)), .integer(Int64(entry.subject.model)),
                ])
        }
        for total in snapshot.totals { try put(total.tally, 0, total.subject, 0, transaction) }
        try rollUp(snapshot.minutes, transaction)
        for series in snapshot.series {
            try transaction.execute(
                "INSERT OR REPLACE INTO series VALUES(?, ?, ?, ?)",
                [
                    .integer(series.number), .integer(Int64(series.key.device)), .integer(Int64(series.key.model)),
                    .text(series.content.text),
                ])
        }
        for entry in snapshot.records { try write(entry, transaction) }
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
        for update in snapshot.updates {
            try transaction.execute(
                "INSERT INTO fleet_update(model, content) VALUES(?, ?)", [.text(update.model), .text(update.json.text)])
        }
        for document in snapshot.documents {
            try transaction.execute(
                "INSERT OR REPLACE INTO document VALUES(?, ?)", [.text(document.name), .text(document.content.text)])
        }
    }

    /// Adds what came to each minute to the minutes, hours and days.
    private static func rollUp(_ minutes: [TallyBook.MinuteKey: Tally], _ transaction: Transaction) throws {
        for resolution in FleetHistory.Resolution.allCases {
            var sums: [TallyBook.MinuteKey: Tally] = [:]
            if resolution == .minute {
                sums = minutes
            } else {
                for (key, tally) in minutes {
                    let start = Int(key.minute) * 60 / resolution.rawValue
                    sums[.init(subject: key.subject, minute: Int32(start)), default: Tally()].add(tally)
                }
            }
            for (key, more) in sums {
                let start = Int(key.minute) * resolution.rawValue
                var tally = more
                if let row = try transaction.row(
                    "SELECT tally FROM rollup WHERE seconds = ? AND subject = ? AND start = ?",
                    [.integer(resolution.rawValue), .integer(Int64(key.subject)), .integer(start)])
                {
                    tally.add(try Tally(stored: try row.blob("tally")))
                }
                try put(tally, resolution.rawValue, key.subject, start, transaction)
            }
        }
    }

    private static func put(
        _ tally: Tally, _ seconds: Int, _ subject: Int32, _ start: Int, _ transaction: Transaction
    ) throws {
        try transaction.execute(
            "INSERT OR REPLACE INTO rollup VALUES(?, ?, ?, ?)",
            [.integer(seconds), .integer(Int64(subject)), .integer(start), .blob(tally.bytesStored)])
    }

    private static func write(_ entry: AggregateSnapshot.Record, _ transaction: Transaction) throws {
        let record = entry.record
        try transaction.execute(
            """
            INSERT INTO record VALUES(NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT(series, start) DO UPDATE SET minute = excluded.minute, version = excluded.version,
                edge = excluded.edge, student = excluded.student, student_confidence = excluded.student_confidence,
                latency = excluded.latency, final = excluded.final, final_confidence = excluded.final_confidence,
                revision = excluded.revision, by_cloud = excluded.by_cloud, verdict = excluded.verdict,
                truth = excluded.truth, label = excluded.label
            """,
            [
                .integer(entry.series), .integer(record.start), .integer(record.from), .integer(record.to),
                .real(record.arrival), .integer(Int64(record.minute)), .integer(Int64(record.version)),
                .integer(Int64(record.edge)), record.student.column, .real(Double(record.studentConfidence)),
                .real(Double(record.latency)), record.final.column, .real(Double(record.finalConfidence)),
                .integer(Int64(record.revision)), .bool(record.isByCloud), record.verdict.column,
                record.truth.column, record.label.column,
            ])
    }

    /// Lets go of the oldest records beyond the bound.
    private static func trim(_ transaction: Transaction, _ limits: JoinLimits) throws {
        try transaction.execute(
            "DELETE FROM record WHERE id <= (SELECT max(id) FROM record) - ?", [.integer(limits.storedRecords)])
        try transaction.execute(
            "DELETE FROM fleet_update WHERE id <= (SELECT max(id) FROM fleet_update) - ?",
            [.integer(updateCapacity)])
    }
}

extension Answer {
    /// Null, a text for mixed, an integer for a label, a real for a value: the columns have no affinity.
    var column: SQLValue {
        switch self {
        case .none: .null
        case .mixed: "mixed"
        case .label(let label): .integer(Int64(label))
        case .value(let value): .real(value)
        }
    }

    init(_ row: SQLRow, _ column: String, names: Int) throws {
        switch row[column] {
        case .null: self = .none
        case .text: self = .mixed
        case .integer(let label) where label >= 0 && label < Int64(names): self = .label(Int32(label))
        case .real(let value): self = .value(value)
        case let other: throw StorageError(.unexpectedValue, "\(column): \(String(describing: other)) is no answer")
        }
    }
}
