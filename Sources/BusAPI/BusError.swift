/// Why the bus could not do what was asked.
public struct BusError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case notConnected, queueFull, invalidTopic, tooLarge, refused, invalidConfiguration, closed, failed
        }
        let kind: Kind
        public static let notConnected = Code(kind: .notConnected)
        public static let queueFull = Code(kind: .queueFull)
        public static let invalidTopic = Code(kind: .invalidTopic)
        public static let tooLarge = Code(kind: .tooLarge)
        /// The broker said no: credentials, access list, unsupported.
        public static let refused = Code(kind: .refused)
        public static let invalidConfiguration = Code(kind: .invalidConfiguration)
        public static let closed = Code(kind: .closed)
        public static let failed = Code(kind: .failed)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// Whether the same call may succeed later.
    public var isRetriable: Bool { code == .notConnected || code == .queueFull }
    public let location: String

    public init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.location = "\(file):\(line)"
    }

    public var description: String { message }
}
