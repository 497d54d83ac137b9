/// Why the registry could not do what was asked.
public struct RegistryError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case refused, unknownModel, unknownVersion, keys, file, inconsistent
        }
        let kind: Kind
        /// A candidate or a task that cannot be taken; the message says why.
        public static let refused = Code(kind: .refused)
        public static let unknownModel = Code(kind: .unknownModel)
        public static let unknownVersion = Code(kind: .unknownVersion)
        /// The signing keys are missing, unreadable or not those of the metadata.
        public static let keys = Code(kind: .keys)
        /// A file of the state folder or a task file cannot be read or written.
        public static let file = Code(kind: .file)
        /// What is stored contradicts itself.
        public static let inconsistent = Code(kind: .inconsistent)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// The error beneath, where there is one.
    public let cause: (any Error)?
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
