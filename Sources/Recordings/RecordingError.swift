/// What is wrong with a recording, with the file and line at fault.
public struct RecordingError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case unreadable, header, field, order, empty, mixed }
        let kind: Kind
        /// The file or folder cannot be read, or its compression is damaged.
        public static let unreadable = Code(kind: .unreadable)
        public static let header = Code(kind: .header)
        /// A field is missing, too many, or no number.
        public static let field = Code(kind: .field)
        /// Times do not increase.
        public static let order = Code(kind: .order)
        public static let empty = Code(kind: .empty)
        /// Recordings of one folder disagree about channels or rate.
        public static let mixed = Code(kind: .mixed)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// Path of the file or folder.
    public let file: String
    /// Counted from 1, where a line is at fault.
    public let line: Int?

    public init(_ code: Code, _ message: String, file: String, line: Int? = nil) {
        self.code = code
        self.message = message
        self.file = file
        self.line = line
    }

    /// `path:line: message`, as compilers write it.
    public var description: String { line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)" }
}
