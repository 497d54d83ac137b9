/// Why a Sparkplug message cannot be used.
public struct SparkplugError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case payload, tooLarge, sequence, unborn, limit }
        let kind: Kind
        /// No Sparkplug payload.
        public static let payload = Code(kind: .payload)
        public static let tooLarge = Code(kind: .tooLarge)
        /// A birth that does not begin its sequence.
        public static let sequence = Code(kind: .sequence)
        /// Data from whom no birth was heard; it is asked for.
        public static let unborn = Code(kind: .unborn)
        /// More nodes or metrics than are remembered.
        public static let limit = Code(kind: .limit)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    public var isRetriable: Bool { code == .unborn }
    public let location: String

    init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        location = "\(file):\(line)"
    }

    public var description: String { message }
}
