/// Why a meter gives no figure, or a profile cannot be used.
public struct EnergyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case absent, notPermitted, malformed, unreadable, invalidProfile }
        let kind: Kind
        /// The machine has no such sensor.
        public static let absent = Code(kind: .absent)
        /// The sensor is there and this process may not read it.
        public static let notPermitted = Code(kind: .notPermitted)
        /// The sensor's file holds no number.
        public static let malformed = Code(kind: .malformed)
        public static let unreadable = Code(kind: .unreadable)
        /// A profile's document has a fault, or no profile has the name.
        public static let invalidProfile = Code(kind: .invalidProfile)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    /// Whether reading again may work: a sensor that is absent or forbidden stays so.
    public var isRetriable: Bool { code == .unreadable || code == .malformed }
    public let location: String

    public init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.location = "\(file):\(line)"
    }

    public var description: String { message }

    public static func == (a: Self, b: Self) -> Bool { a.code == b.code && a.message == b.message }
}
