/// What is wrong with a model file, or with the parts of a model that should agree.
public struct ArtifactError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case malformed, tooLarge, missing, wrongType, unsupportedFormat, inconsistent, overLimit
        }
        let kind: Kind
        /// The bytes are no sound safetensors file.
        public static let malformed = Code(kind: .malformed)
        /// A size beyond what this library accepts.
        public static let tooLarge = Code(kind: .tooLarge)
        /// A tensor or a metadata entry is absent.
        public static let missing = Code(kind: .missing)
        /// A tensor or a metadata entry has another type than expected.
        public static let wrongType = Code(kind: .wrongType)
        /// Written by a version of Retort that this one does not know.
        public static let unsupportedFormat = Code(kind: .unsupportedFormat)
        /// The parts are sound one by one and contradict one another.
        public static let inconsistent = Code(kind: .inconsistent)
        /// A student beyond the limits that its task sets.
        public static let overLimit = Code(kind: .overLimit)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
    /// The same bytes never become sound.
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
