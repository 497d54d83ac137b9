/// Why a network cannot be compressed.
public struct CompressionError: Error, Equatable, CustomStringConvertible {
    public struct Code: Sendable, Equatable {
        private enum Value { case unsupportedNetwork, outOfRange, notFinite, badRecipe }
        private let value: Value
        /// The layers do not stand in an order that integer arithmetic is specified for.
        public static let unsupportedNetwork = Code(value: .unsupportedNetwork)
        /// A bias or factor leaves the integers it is stored in.
        public static let outOfRange = Code(value: .outOfRange)
        /// A weight is NaN or infinite.
        public static let notFinite = Code(value: .notFinite)
        /// A recipe's text names no step or setting.
        public static let badRecipe = Code(value: .badRecipe)
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
