/// Why the console could not do what was asked.
public struct FleetConsoleError: Error, Sendable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable {
            case invalidOption, missingProgram, childEnded, timedOut, failed, notFound, unfinished
        }

        let kind: Kind
        public static let invalidOption = Code(kind: .invalidOption)
        public static let missingProgram = Code(kind: .missingProgram)
        /// A process of the cluster ended by itself.
        public static let childEnded = Code(kind: .childEnded)
        public static let timedOut = Code(kind: .timedOut)
        public static let failed = Code(kind: .failed)
        /// A name that nothing on the bus has.
        public static let notFound = Code(kind: .notFound)
        /// The time that was given is over; what was begun goes on.
        public static let unfinished = Code(kind: .unfinished)
        public var description: String { kind.rawValue }
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// Nobody sums the fleet up.
    public static let noAggregator = FleetConsoleError(
        .timedOut, "nothing is retained on fleet/summary: is metrics-aggregator running on this broker, with this root?"
    )
}
