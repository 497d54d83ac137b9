/// Why release metadata, or a key file, is not accepted.
public struct TrustError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case malformed, tooLarge, wrongRole, unsupported, unsupportedKey, invalidSignature, thresholdNotMet,
                rollback
            case mismatch, invalidKeys
        }
        let kind: Kind
        /// The bytes are no sound TUF metadata.
        public static let malformed = Code(kind: .malformed)
        public static let tooLarge = Code(kind: .tooLarge)
        /// The document is of another role than the place it came from.
        public static let wrongRole = Code(kind: .wrongRole)
        /// Another major version of TUF, or of a file of ours.
        public static let unsupported = Code(kind: .unsupported)
        /// A key of another type or scheme than Ed25519.
        public static let unsupportedKey = Code(kind: .unsupportedKey)
        /// A key of the role is named and its signature does not fit.
        public static let invalidSignature = Code(kind: .invalidSignature)
        /// Signatures are sound and too few.
        public static let thresholdNotMet = Code(kind: .thresholdNotMet)
        /// A version below one already seen.
        public static let rollback = Code(kind: .rollback)
        /// Other bytes than the document above pins.
        public static let mismatch = Code(kind: .mismatch)
        /// A key file that cannot be used for signing.
        public static let invalidKeys = Code(kind: .invalidKeys)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
    /// The same bytes never become acceptable.
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
