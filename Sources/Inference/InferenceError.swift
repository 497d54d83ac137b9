/// Why a student cannot be run, or a window not be inferred.
public struct InferenceError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case invalidStudent, goldenMismatch, notFinite, wrongSize }
        let kind: Kind
        /// The student's parts contradict one another.
        public static let invalidStudent = Code(kind: .invalidStudent)
        /// This machine's logits are not those that the student was sent with.
        public static let goldenMismatch = Code(kind: .goldenMismatch)
        /// A window holds NaN or infinity.
        public static let notFinite = Code(kind: .notFinite)
        /// A window has another size than the student's input.
        public static let wrongSize = Code(kind: .wrongSize)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
    /// The same student and window fail again.
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
