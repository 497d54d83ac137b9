/// Why the edge could not do something that is its own affair: its files and its releases.
public struct EdgeError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case storage, damaged, tooLarge, digest, golden, profile, base, malformed }
        let kind: Kind
        /// A file could not be read or written.
        public static let storage = Code(kind: .storage)
        /// A file of ours does not hold what we wrote.
        public static let damaged = Code(kind: .damaged)
        public static let tooLarge = Code(kind: .tooLarge)
        /// Bytes are not those that were signed or announced.
        public static let digest = Code(kind: .digest)
        /// A student did not reproduce its golden outputs here.
        public static let golden = Code(kind: .golden)
        /// A student is made for other devices than this one.
        public static let profile = Code(kind: .profile)
        /// An update is made for another student than the one running.
        public static let base = Code(kind: .base)
        public static let malformed = Code(kind: .malformed)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// The error underneath, in words.
    public let cause: String?
    /// Whether the same may succeed later without anything new from outside.
    public var isRetriable: Bool { code == .storage }
    public let location: String

    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, file: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.cause = cause.map { "\($0)" }
        self.location = "\(file):\(line)"
    }

    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}
