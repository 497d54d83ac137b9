import GRDB

/// Why the database could not do what was asked.
public struct StorageError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case cannotOpen, corrupted, full, busy, constraint, newerSchema, unexpectedValue, closed, failed
        }
        let kind: Kind
        public static let cannotOpen = Code(kind: .cannotOpen)
        /// The file is no database, or a damaged one.
        public static let corrupted = Code(kind: .corrupted)
        /// No space, or the disk failed.
        public static let full = Code(kind: .full)
        public static let busy = Code(kind: .busy)
        /// A uniqueness, foreign key or check constraint; the transaction changed nothing.
        public static let constraint = Code(kind: .constraint)
        /// Written by a newer release of this software.
        public static let newerSchema = Code(kind: .newerSchema)
        /// A column is missing, null or of another type than the reader asked for.
        public static let unexpectedValue = Code(kind: .unexpectedValue)
        public static let closed = Code(kind: .closed)
        public static let failed = Code(kind: .failed)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// Whether the same call may succeed later.
    public var isRetriable: Bool { code == .busy || code == .full }
    public let location: String

    public init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.location = "\(file):\(line)"
    }

    public var description: String { message }

    /// What a caller sees of an error within a transaction: ours for the database's, any other as it is.
    static func translate(_ error: any Error, file: String = #fileID, line: Int = #line) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let code: Code =
            switch error.resultCode {
            case .SQLITE_CONSTRAINT: .constraint
            case .SQLITE_BUSY, .SQLITE_LOCKED: .busy
            case .SQLITE_FULL, .SQLITE_IOERR: .full
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupted
            case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY: .cannotOpen
            case .SQLITE_MISUSE: .closed
            default: .failed
            }
        let statement = error.sql.map { " in: \($0)" } ?? ""
        return StorageError(
            code, "\(error.message ?? "SQLite error \(error.resultCode)")\(statement)", file: file, line: line)
    }
}
