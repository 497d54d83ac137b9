import JSON
import Storage
import Telemetry

/// What was stored, counted as it was.
extension AggregateStore {
    /// - Throws: `StorageError`, or `JSONError` where a stored document is damaged.
    func read(topics: TopicSpace) async throws -> Aggregation {
        try await database.read { [limits] transaction in
            var aggregation = Aggregation(topics: topics, limits: limits)
            try Self.readJoin(&aggregation.join, transaction)
            aggregation.restoreHeads()
            try Self.readDocuments(&aggregation, transaction)
            for id in aggregation.energy.edges.keys {
                do throws(JoinRefusal) { try aggregation.fleet.see(id) } catch {
                    throw StorageError(.unexpectedValue, error.reason)
                }
            }
            aggregation.forgetPublished()
            return aggregation
        }
    }

    private static func readDocuments(_ aggregation: inout Aggregation, _ transaction: Transaction) throws {
        for row in try transaction.rows("SELECT * FROM document") {
            let content = try JSONValue(parsing: try row.text("content"))
            let parts = try row.text("name").split(separator: "/").map(String.init)
            switch (parts.first, parts.count) {
            case ("energy", 3):
                aggregation.energy.edges[EdgeID(site: parts[1], edge: parts[2])] = try .init(json: content)
            case ("recalls", 1):
                try aggregation.join.restoreRecalls(content)
                aggregation.storedRecalls = content
            case ("stores", 1): aggregation.stores = Int(content.integer ?? 0)
            default: try aggregation.fleet.restore(content)
            }
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
        try readSubjects(&join, names, transaction)
        try readSeries(&join, names, transaction)
        try transaction.forEachRow("SELECT * FROM interval ORDER BY sequence") { row in
            let key = DecisionJoin.IntervalKey(
                device: try name(row, "device", names),
                basis: try row.integer("basis") == 0 ? .truth : .label)
            join.intervals[key, default: IntervalTable(capacity: join.limits.intervals)].insert(
                IntervalTable.Interval(
                    id: try row.text("id"), t: try row.real("t"), from: Int64(try row.integer("start_us")),
                    to: Int64(try row.integer("end_us")), answer: try Answer(row, "answer", names: names),
                    sequence: try row.integer("sequence")))
        }
        let newest = "SELECT * FROM record WHERE id > (SELECT max(id) FROM record) - ? ORDER BY id"
        try transaction.forEachRow(newest, [.integer(join.limits.records)]) { row in
            let series = try row.integer("series")
            guard join.series.indices.contains(series) else {
                throw StorageError(.unexpectedValue, "table record: there is no series \(series)")
            }
            join.restore(try record(row, names: names), series: series)
        }
        join.pending = PendingChanges()
        join.pending.storedNames = names
    }

    private static func readSubjects(
        _ join: inout DecisionJoin, _ names: Int, _ transaction: Transaction
    ) throws {
        let totals = """
            SELECT number, kind, name, model, tally FROM subject
            LEFT JOIN rollup ON seconds = 0 AND subject = number AND start = 0 ORDER BY number
            """
        for (number, row) in try transaction.rows(totals).enumerated() {
            let subject = try subject(row, names)
            guard try row.integer("number") == number else {
                throw StorageError(.unexpectedValue, "table subject: number \(number) is missing")
            }
            join.book.restore(subject, row["tally"] == .null ? Tally() : try Tally(stored: try row.blob("tally")))
        }
        join.restoreSubjects()
    }

    private static func readSeries(
        _ join: inout DecisionJoin, _ names: Int, _ transaction: Transaction
    ) throws {
        for (number, row) in try transaction.rows("SELECT * FROM series ORDER BY number").enumerated() {
            guard try row.integer("number") == number else {
                throw StorageError(.unexpectedValue, "table series: number \(number) is missing")
            }
            let key = DecisionSeries.Key(
                device: try name(row, "device", names), model: try name(row, "model", names))
            guard let subjects = join.subjects(of: key) else {
                throw StorageError(.unexpectedValue, "table subject: series \(number) is missing")
            }
            join.append(
                try DecisionSeries(
                    key: key, subjects: subjects, storedJSON: try JSONValue(parsing: try row.text("content"))))
        }
    }

    static func subject(_ row: SQLRow, _ names: Int) throws -> Subject {
        guard let kind = Subject.Kind(rawValue: try row.integer("kind")) else {
            throw StorageError(.unexpectedValue, "table subject: there is no kind \(try row.integer("kind"))")
        }
        let model = Int32(truncatingIfNeeded: try row.integer("model"))
        guard model == Subject.allModels || (0..<names).contains(Int(model)) else {
            throw StorageError(.unexpectedValue, "model: there is no name \(model)")
        }
        let hasName = kind == .device || kind == .edge || kind == .site
        let number = try row.integer("name")
        return Subject(
            kind: kind, name: hasName ? try name(row, "name", names) : Int32(truncatingIfNeeded: number), model: model)
    }

    private static func name(_ row: SQLRow, _ column: String, _ names: Int) throws -> Int32 {
        let number = try row.integer(column)
        guard (0..<names).contains(number) else {
            throw StorageError(.unexpectedValue, "\(column): there is no name \(number)")
        }
        return Int32(number)
    }

    static func record(_ row: SQLRow, names: Int) throws -> DecisionRecord {
        var record = DecisionRecord(
            start: Int64(try row.integer("start")), from: Int64(try row.integer("start_us")),
            to: Int64(try row.integer("end_us")), arrival: try row.real("arrival"))
        record.minute = Int32(truncatingIfNeeded: try row.integer("minute"))
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

    /// Records of a series in order, from a start on.
    func records(
        series: Int, _ starts: ClosedRange<Int64>, limit: Int, names: Int
    ) async throws -> [DecisionRecord] {
        try await database.read { transaction in
            try transaction.rows(
                "SELECT * FROM record WHERE series = ? AND start BETWEEN ? AND ? ORDER BY start LIMIT ?",
                [.integer(series), .integer(starts.lowerBound), .integer(starts.upperBound), .integer(limit)]
            ).map { try Self.record($0, names: names) }
        }
    }
}
