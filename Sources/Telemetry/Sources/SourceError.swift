/// Why a sources file or a publisher's payload cannot be used.
public struct SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case file, unit, payload, tooLarge, name }
        let kind: Kind
        /// The sources file is wrong; the message names the key and what to do.
        public static let file = Code(kind: .file)
        /// No conversion between two units is known.
        public static let unit = Code(kind: .unit)
        /// The payload is not what the source's decoder reads.
        public static let payload = Code(kind: .payload)
        /// The payload is beyond a bound.
        public static let tooLarge = Code(kind: .tooLarge)
        /// Two publishers' names become one device.
        public static let name = Code(kind: .name)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
