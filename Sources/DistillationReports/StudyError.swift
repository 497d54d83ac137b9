/// Why a study cannot be done, in words that say what to change.
public struct StudyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of error, closed to this library.
    public struct Code: Sendable, Equatable, CustomStringConvertible {
        enum Kind: String, Sendable { case options, labels, channels, split, leakage, output, cancelled }
        let kind: Kind
        /// Options that contradict one another or the data.
        public static let options = Code(kind: .options)
        /// Too few classes, or too few windows of one.
        public static let labels = Code(kind: .labels)
        /// A channel that never changes, or that is mostly missing.
        public static let channels = Code(kind: .channels)
        /// Nothing is left to train on or to test with.
        public static let split = Code(kind: .split)
        /// The same data stands in training and in the test part.
        public static let leakage = Code(kind: .leakage)
        /// The results cannot be written.
        public static let output = Code(kind: .output)
        /// The observer asked to stop.
        public static let cancelled = Code(kind: .cancelled)
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
