import GRDB

/// A transaction under way; valid only within the closure it is handed to.
///
/// Arguments stand for the statement's `?` in order. Statements are prepared once a connection.
public struct Transaction {
    let connection: GRDB.Database

    /// Runs one statement that returns no rows.
    ///
    /// - Throws: ``StorageError``, e.g. `.constraint`.
    public func execute(_ sql: String, _ arguments: [SQLValue] = []) throws {
        do {
            let statement = try connection.cachedStatement(sql: sql)
            try statement.execute(arguments: StatementArguments(arguments.map(\.databaseValue)))
        } catch {
            throw StorageError.translate(error)
        }
    }

    /// Runs several statements separated by `;`, without arguments: for schemas.
    public func script(_ sql: String) throws {
        do { try connection.execute(sql: sql) } catch { throw StorageError.translate(error) }
    }

    /// All rows of a query.
    public func rows(_ sql: String, _ arguments: [SQLValue] = []) throws -> [SQLRow] {
        do {
            let cursor = try cursor(try connection.cachedStatement(sql: sql), arguments)
            let columns = Self.columns(cursor.statement)
            var result: [SQLRow] = []
            while let row = try cursor.next() { result.append(Self.copy(row, columns)) }
            return result
        } catch {
            throw StorageError.translate(error)
        }
    }

    /// The first row of a query, where there is one.
    public func row(_ sql: String, _ arguments: [SQLValue] = []) throws -> SQLRow? {
        do {
            let cursor = try cursor(try connection.cachedStatement(sql: sql), arguments)
            let columns = Self.columns(cursor.statement)
            return try cursor.next().map { Self.copy($0, columns) }
        } catch {
            throw StorageError.translate(error)
        }
    }

    /// Hands the rows of a query over one at a time, for results too large to hold.
    public func forEachRow(
        _ sql: String, _ arguments: [SQLValue] = [], _ body: (SQLRow) throws -> Void
    ) throws {
        do {
            // A statement of its own: `body` may run the same query.
            let cursor = try cursor(try connection.makeStatement(sql: sql), arguments)
            let columns = Self.columns(cursor.statement)
            while let row = try cursor.next() { try body(Self.copy(row, columns)) }
        } catch {
            throw StorageError.translate(error)
        }
    }

    private func cursor(
        _ statement: Statement, _ arguments: [SQLValue]
    ) throws -> (statement: Statement, next: () throws -> Row?) {
        let cursor = try Row.fetchCursor(
            statement, arguments: StatementArguments(arguments.map(\.databaseValue)))
        return (statement, cursor.next)
    }

    private static func columns(_ statement: Statement) -> [String: Int] {
        var columns: [String: Int] = [:]
        for (index, name) in statement.columnNames.enumerated() where columns[name] == nil { columns[name] = index }
        return columns
    }

    private static func copy(_ row: Row, _ columns: [String: Int]) -> SQLRow {
        SQLRow(columns: columns, values: row.databaseValues.map(SQLValue.init))
    }

    /// The row id of the last insertion.
    public var lastInsertedID: Int { Int(connection.lastInsertedRowID) }

    /// Rows that the last statement changed.
    public var changedRows: Int { connection.changesCount }
}
