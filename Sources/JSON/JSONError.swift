/// What is wrong with a JSON text, or with the shape of a document read from one.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case malformed, duplicateKey, tooDeep, tooLarge, missingKey, wrongType, notCanonical
        }
        let kind: Kind
        public static let malformed = Code(kind: .malformed)
        public static let duplicateKey = Code(kind: .duplicateKey)
        public static let tooDeep = Code(kind: .tooDeep)
        public static let tooLarge = Code(kind: .tooLarge)
        public static let missingKey = Code(kind: .missingKey)
        public static let wrongType = Code(kind: .wrongType)
        /// A value that canonical JSON cannot carry (a fraction).
        public static let notCanonical = Code(kind: .notCanonical)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// Byte offset in the text, where there is one.
    public let offset: Int?

    public init(_ code: Code, _ message: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    public var description: String {
        if let offset { "\(message) (at byte \(offset))" } else { message }
    }
}
