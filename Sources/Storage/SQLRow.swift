/// A row of a result, with its values by column name. Independent of the database once read.
public struct SQLRow: Sendable {
    private let columns: [String: Int]
    private let values: [SQLValue]

    init(columns: [String: Int], values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    /// Nothing where there is no such column.
    public subscript(column: String) -> SQLValue? { columns[column].map { values[$0] } }

    private func value<T>(_ column: String, _ kind: String, _ convert: (SQLValue) -> T?) throws(StorageError) -> T? {
        guard let value = self[column] else {
            throw StorageError(.unexpectedValue, "the result has no column \"\(column)\"")
        }
        if value == .null { return nil }
        guard let converted = convert(value) else {
            throw StorageError(.unexpectedValue, "column \"\(column)\" holds no \(kind)")
        }
        return converted
    }

    private func required<T>(_ column: String, _ value: T?) throws(StorageError) -> T {
        guard let value else { throw StorageError(.unexpectedValue, "column \"\(column)\" is null") }
        return value
    }

    public func optionalInteger(_ column: String) throws(StorageError) -> Int? {
        try value(column, "integer") { if case .integer(let value) = $0 { Int(exactly: value) } else { nil } }
    }

    /// A real number; an integer is taken as one.
    public func optionalReal(_ column: String) throws(StorageError) -> Double? {
        try value(column, "number") {
            switch $0 {
            case .real(let value): value
            case .integer(let value): Double(value)
            default: nil
            }
        }
    }

    public func optionalText(_ column: String) throws(StorageError) -> String? {
        try value(column, "text") { if case .text(let value) = $0 { value } else { nil } }
    }

    public func optionalBlob(_ column: String) throws(StorageError) -> [UInt8]? {
        try value(column, "bytes") { if case .blob(let value) = $0 { value } else { nil } }
    }

    public func integer(_ column: String) throws(StorageError) -> Int {
        try required(column, try optionalInteger(column))
    }

    public func real(_ column: String) throws(StorageError) -> Double {
        try required(column, try optionalReal(column))
    }

    public func text(_ column: String) throws(StorageError) -> String {
        try required(column, try optionalText(column))
    }

    public func blob(_ column: String) throws(StorageError) -> [UInt8] {
        try required(column, try optionalBlob(column))
    }

    /// An integer that is not 0.
    public func bool(_ column: String) throws(StorageError) -> Bool { try integer(column) != 0 }
}
