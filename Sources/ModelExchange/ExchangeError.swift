/// Why a network cannot be written in another tool's format, or a file of another tool cannot be read.
public struct ExchangeError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case invalidStudent, unsupported, malformed, tooLarge }
        let kind: Kind
        /// The student's parts contradict one another.
        public static let invalidStudent = Code(kind: .invalidStudent)
        /// An operator, attribute or layer that one of the two formats lacks; the message names the first.
        public static let unsupported = Code(kind: .unsupported)
        /// The bytes are no sound file of their format.
        public static let malformed = Code(kind: .malformed)
        /// A size beyond what this library accepts.
        public static let tooLarge = Code(kind: .tooLarge)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
    /// The same bytes fail again.
    public var isRetriable: Bool { false }
    public let location: String

    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.location = "\(file):\(line)"
    }

    public var description: String { message }
}
