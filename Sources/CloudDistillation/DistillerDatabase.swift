import JSON
import ModelArtifact
import Storage
import Telemetry

/// What the distiller keeps across restarts, in one SQLite file: windows, labels, jobs and the students it offered.
///
/// Windows and labels go through a buffer that is written twice a second; jobs and students at once.
final class DistillerDatabase: Sendable {
    /// A row on its way to the database.
    enum Row: Sendable {
        case content(model: String, ContentKey, [UInt8])
        case window(model: String, TrainingSet.Entry)
        case deleteWindow(model: String, WindowKey)
        case deleteContent(model: String, ContentKey)
        case label(DeviceID, LabelTimeline.Label)
        case deleteLabel(DeviceID, id: String)
        case signature(model: String, TaskSignature)
        case answer(model: String, ContentKey, WindowAnswer)
        case deleteAnswers(model: String)
    }

    static let migrations = [
        Migration(
            1,
            sql: """
                CREATE TABLE models (model TEXT PRIMARY KEY, shape TEXT NOT NULL) WITHOUT ROWID;
                CREATE TABLE contents (model TEXT, content BLOB, bytes BLOB NOT NULL, PRIMARY KEY (model, content));
                CREATE TABLE windows (
                    model TEXT, site TEXT, device TEXT, start INTEGER, length REAL NOT NULL, content BLOB NOT NULL,
                    arrived REAL NOT NULL, PRIMARY KEY (model, site, device, start)
                ) WITHOUT ROWID;
                CREATE TABLE labels (
                    site TEXT, device TEXT, id TEXT, t REAL NOT NULL, "from" REAL NOT NULL, "to" REAL NOT NULL,
                    label TEXT, value REAL, PRIMARY KEY (site, device, id)
                ) WITHOUT ROWID;
                CREATE TABLE jobs (
                    id TEXT PRIMARY KEY, state TEXT NOT NULL, automatic INTEGER NOT NULL, request TEXT NOT NULL,
                    progress TEXT NOT NULL
                ) WITHOUT ROWID;
                CREATE TABLE students (
                    digest TEXT PRIMARY KEY, model TEXT NOT NULL, job TEXT NOT NULL, created REAL NOT NULL,
                    version INTEGER, state TEXT NOT NULL, bytes BLOB NOT NULL, report TEXT NOT NULL, base TEXT
                );
                """),
        Migration(
            2,
            sql: """
                ALTER TABLE models ADD COLUMN outputs TEXT NOT NULL DEFAULT '';
                CREATE TABLE answers (
                    model TEXT, content BLOB, t REAL NOT NULL, teacher TEXT NOT NULL, "values" BLOB NOT NULL,
                    PRIMARY KEY (model, content)
                ) WITHOUT ROWID;
                """),
        Migration(3, sql: "ALTER TABLE labels ADD COLUMN heads TEXT"),
    ]

    private let database: Database
    private let buffer: WriteBuffer<Row>

    /// - Throws: `StorageError`.
    init(path: String) async throws {
        let database = try await Database(path: path, migrations: Self.migrations)
        self.database = database
        buffer = WriteBuffer(database: database) { transaction, rows in
            for row in rows { try Self.write(row, transaction) }
        }
    }

    /// Writes what is gathered until the task is cancelled, then what is left.
    func run(onError: @Sendable (any Error) -> Void) async { await buffer.run(onError: onError) }

    func append(_ rows: [Row]) async throws {
        for row in rows { try await buffer.append(row) }
    }

    func flush() async throws { try await buffer.flush() }

    /// Rows lost because the database refused them.
    var dropped: Int { get async { await buffer.dropped } }

    func close() async throws {
        try await buffer.flush()
        try await database.close()
    }

    /// A transaction that does not wait for the buffer.
    func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await database.write(body)
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await database.read(body)
    }

    private static func write(_ row: Row, _ transaction: Transaction) throws {
        switch row {
        case .content(let model, let key, let bytes):
            try transaction.execute(
                "INSERT OR REPLACE INTO contents VALUES (?, ?, ?)", [.text(model), .blob(key.bytes), .blob(bytes)])
        case .window(let model, let entry):
            try transaction.execute(
                "INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    .text(model), .text(entry.key.device.site), .text(entry.key.device.device),
                    .integer(entry.key.milliseconds), .real(entry.length), .blob(entry.content.bytes),
                    .real(entry.arrived),
                ])
        case .deleteWindow(let model, let key):
            try transaction.execute(
                "DELETE FROM windows WHERE model = ? AND site = ? AND device = ? AND start = ?",
                [.text(model), .text(key.device.site), .text(key.device.device), .integer(key.milliseconds)])
        case .deleteContent(let model, let key):
            try transaction.execute(
                "DELETE FROM contents WHERE model = ? AND content = ?", [.text(model), .blob(key.bytes)])
            try transaction.execute(
                "DELETE FROM answers WHERE model = ? AND content = ?", [.text(model), .blob(key.bytes)])
        case .label(let device, let label):
            var text: String?
            var value: Double?
            var heads: String?
            switch label.target {
            case .label(let label): text = label
            case .value(let number): value = number
            case .heads(let known): heads = Self.text(known)
            case nil: break
            }
            try transaction.execute(
                "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    .text(device.site), .text(device.device), .text(label.id), .real(label.t), .real(label.from),
                    .real(label.to), .optional(text), .optional(value), .optional(heads),
                ])
        case .deleteLabel(let device, let id):
            try transaction.execute(
                "DELETE FROM labels WHERE site = ? AND device = ? AND id = ?",
                [.text(device.site), .text(device.device), .text(id)])
        case .signature(let model, let signature):
            try transaction.execute(
                "INSERT OR REPLACE INTO models (model, shape, outputs) VALUES (?, ?, ?)",
                [.text(model), .text(signature.shape), .text(signature.outputs)])
        case .answer(let model, let key, let answer):
            try transaction.execute(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
                [
                    .text(model), .blob(key.bytes), .real(answer.t), .text(answer.teacher),
                    .blob(FloatBytes.bytes(of: answer.values)),
                ])
        case .deleteAnswers(let model):
            try transaction.execute("DELETE FROM answers WHERE model = ?", [.text(model)])
        }
    }

    // MARK: Reading windows and labels

    /// Windows, labels, answers and signatures as they were kept; coverage is for the caller to work out anew.
    struct Collection: Sendable {
        var signatures: [String: TaskSignature] = [:]
        var windows: [String: [TrainingSet.Entry]] = [:]
        var answers: [String: [ContentKey: WindowAnswer]] = [:]
        var labels: [DeviceID: [LabelTimeline.Label]] = [:]
    }

    func collection() async throws -> Collection {
        try await database.read { transaction in
            var result = Collection()
            for row in try transaction.rows("SELECT model, shape, outputs FROM models") {
                result.signatures[try row.text("model")] = TaskSignature(
                    shape: try row.text("shape"), outputs: try row.text("outputs"))
            }
            try transaction.forEachRow("SELECT * FROM answers") { row in
                guard let content = ContentKey(bytes: try row.blob("content")) else { return }
                result.answers[try row.text("model"), default: [:]][content] = WindowAnswer(
                    t: try row.real("t"), teacher: try row.text("teacher"),
                    values: FloatBytes.values(of: try row.blob("values")))
            }
            try transaction.forEachRow(
                // Only windows whose values were written before the process ended.
                """
                SELECT windows.* FROM windows JOIN contents USING (model, content)
                ORDER BY model, site, device, start
                """
            ) { row in
                guard let content = ContentKey(bytes: try row.blob("content")) else { return }
                let device = DeviceID(site: try row.text("site"), device: try row.text("device"))
                result.windows[try row.text("model"), default: []].append(
                    TrainingSet.Entry(
                        key: WindowKey(device: device, milliseconds: Int64(try row.integer("start"))),
                        length: try row.real("length"), content: content, arrived: try row.real("arrived")))
            }
            try transaction.forEachRow("SELECT * FROM labels") { row in
                let device = DeviceID(site: try row.text("site"), device: try row.text("device"))
                let target =
                    try row.optionalText("label").map(WindowTarget.label)
                    ?? row.optionalReal("value").map(WindowTarget.value)
                    ?? row.optionalText("heads").map(Self.heads)
                result.labels[device, default: []].append(
                    LabelTimeline.Label(
                        id: try row.text("id"), t: try row.real("t"), from: try row.real("from"),
                        to: try row.real("to"), target: target))
            }
            return result
        }
    }

    private static func text(_ heads: [String: String]) -> String {
        var object = JSONObject()
        for (head, label) in heads.sorted(by: { $0.key < $1.key }) { object[head] = .string(label) }
        return JSONValue.object(object).text
    }

    private static func heads(_ text: String) throws -> WindowTarget {
        let reader = try JSONObjectReader(JSONValue(parsing: text))
        var heads: [String: String] = [:]
        for head in reader.object.keys { heads[head] = try reader.string(head) }
        return .heads(heads)
    }

    /// The values of windows by content, all in one array: `contents.count` × `valueCount`, in the order asked for.
    ///
    /// - Returns: the values, and the places in `contents` whose values are missing, which hold zeros.
    func values(
        model: String, of contents: [ContentKey], valueCount: Int
    ) async throws -> (values: [Float], missing: [Int]) {
        try await database.read { transaction in
            var places: [ContentKey: [Int]] = [:]
            for (place, content) in contents.enumerated() { places[content, default: []].append(place) }
            var values = [Float](repeating: 0, count: contents.count * valueCount)
            try values.withUnsafeMutableBufferPointer { target in
                try transaction.forEachRow("SELECT content, bytes FROM contents WHERE model = ?", [.text(model)]) {
                    row in
                    guard let key = ContentKey(bytes: try row.blob("content")), let wanted = places[key] else { return }
                    let bytes = try row.blob("bytes")
                    guard bytes.count == valueCount * 4 else { return }
                    for place in wanted {
                        let part = place * valueCount..<(place + 1) * valueCount
                        bytes.withUnsafeBytes { FloatBytes.copy($0, to: .init(rebasing: target[part])) }
                    }
                    places[key] = nil
                }
            }
            return (values, places.values.flatMap { $0 }.sorted())
        }
    }
}
