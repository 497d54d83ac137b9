/// Why bytes could not be compressed or decompressed.
public struct ZstdError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case corrupt, truncated, tooLarge, windowTooLarge, lineTooLong, outOfMemory, failed
        }
        let kind: Kind
        /// The bytes are no zstd frame, were damaged, or need another prefix.
        public static let corrupt = Code(kind: .corrupt)
        /// The bytes end before the frame does.
        public static let truncated = Code(kind: .truncated)
        /// The output would exceed the caller's limit.
        public static let tooLarge = Code(kind: .tooLarge)
        /// The frame asks for more memory than the caller allows.
        public static let windowTooLarge = Code(kind: .windowTooLarge)
        /// A line exceeds the caller's limit.
        public static let lineTooLong = Code(kind: .lineTooLong)
        public static let outOfMemory = Code(kind: .outOfMemory)
        /// Anything else that libzstd reports.
        public static let failed = Code(kind: .failed)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// Whether the same call may succeed later.
    public var isRetriable: Bool { code == .outOfMemory }
    public let location: String

    public init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.location = "\(file):\(line)"
    }

    public var description: String { message }
}
