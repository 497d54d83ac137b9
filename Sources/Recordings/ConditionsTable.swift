/// What was the case during each of many short recordings, by a key: a second table that readings are joined with.
public struct ConditionsTable: Sendable, Equatable {
    public let path: String
    /// All columns but the key.
    public let columns: [String]
    /// A row's fields by its key.
    private var rows: [String: [String]] = [:]
    /// Number of the stretch of rows with equal fields that a key stands in.
    private var blocks: [String: Int] = [:]

    /// - Parameter key: the column that both tables have.
    /// - Throws: ``RecordingError`` where the column is missing, or a key stands twice.
    public init(path: String, key: String) throws(RecordingError) {
        var reader = try CSVReader(path: path)
        guard let index = reader.columns.firstIndex(of: key) else {
            throw RecordingError(
                .header,
                "there is no column \"\(key)\" for the key; there are: \(reader.columns.joined(separator: ", "))",
                file: path, line: 1)
        }
        self.path = path
        columns = reader.columns.indices.filter { $0 != index }.map { reader.columns[$0] }
        var last: [String]?
        var block = -1
        while try reader.next() {
            let name = try reader.text(index)
            var fields: [String] = []
            for column in reader.columns.indices where column != index { fields.append(try reader.text(column)) }
            if fields != last { block += 1 }
            last = fields
            guard rows.updateValue(fields, forKey: name) == nil else {
                throw reader.fault(.field, "the key \"\(name)\" stands twice")
            }
            blocks[name] = block
        }
    }

    /// A column's field for a key; nothing where the table does not know the key.
    func field(_ column: String, key: String) -> String? {
        guard let index = columns.firstIndex(of: column) else { return nil }
        return rows[key]?[index]
    }

    /// Number of the contiguous stretch of equal conditions that a key stands in.
    func block(of key: String) -> Int? { blocks[key] }
}
