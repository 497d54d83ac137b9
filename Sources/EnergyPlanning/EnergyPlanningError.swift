/// Why a student cannot be assessed, a trace not be fitted or published results not be read.
public struct EnergyPlanningError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case invalidStudent, invalidTrace, invalidResults, invalidOption }
        let kind: Kind
        public static let invalidStudent = Code(kind: .invalidStudent)
        /// The trace lacks a column, or nothing in it tells active from sleep.
        public static let invalidTrace = Code(kind: .invalidTrace)
        /// Published results have a fault.
        public static let invalidResults = Code(kind: .invalidResults)
        public static let invalidOption = Code(kind: .invalidOption)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String
    public let location: String
    /// Reading the same again gives the same.
    public var isRetriable: Bool { false }

    public init(_ code: Code, _ message: String, file: String = #fileID, line: Int = #line) {
        self.code = code
        self.message = message
        self.location = "\(file):\(line)"
    }

    public var description: String { message }

    public static func == (a: Self, b: Self) -> Bool { a.code == b.code && a.message == b.message }
}
