/// Why a delta frame cannot be made or applied.
public struct DeltaError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case malformed, unsupportedFormat, wrongBase, tooLarge, wrongResult, failed }
        let kind: Kind
        /// The bytes are no sound frame.
        public static let malformed = Code(kind: .malformed)
        /// Written by a version of Retort that this one does not know.
        public static let unsupportedFormat = Code(kind: .unsupportedFormat)
        /// The frame is against another base than the one given.
        public static let wrongBase = Code(kind: .wrongBase)
        /// The result would exceed the caller's limit.
        public static let tooLarge = Code(kind: .tooLarge)
        /// The result is not what the header promises.
        public static let wrongResult = Code(kind: .wrongResult)
        /// The compressor failed.
        public static let failed = Code(kind: .failed)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
    /// The same bytes fail again, except where memory was short.
    public var isRetriable: Bool { code == .failed }
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
