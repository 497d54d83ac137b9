/// What is wrong with a network's tensors or with what it is given.
public struct NetworkError: Error, Equatable, CustomStringConvertible {
    public struct Code: Sendable, Equatable {
        private enum Value { case missingTensor, shapeMismatch, notFinite, badData }
        private let value: Value
        /// A named tensor is absent.
        public static let missingTensor = Code(value: .missingTensor)
        /// A tensor, or a batch of windows, has another shape than the network.
        public static let shapeMismatch = Code(value: .shapeMismatch)
        /// A value is NaN or infinite, or out of its domain.
        public static let notFinite = Code(value: .notFinite)
        /// Windows and labels do not fit together.
        public static let badData = Code(value: .badData)
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
