/// Why no teacher or student was made.
public struct DistillationError: Error, Equatable, CustomStringConvertible {
    public struct Code: Sendable, Equatable {
        private enum Value { case unsupportedTask, badData, badTeacher, badNetwork, cancelled, diverged, overBudget }
        private let value: Value
        /// The task is of a kind that has no trainer.
        public static let unsupportedTask = Code(value: .unsupportedTask)
        /// Windows do not fit the task, or there are too few.
        public static let badData = Code(value: .badData)
        /// The teacher does not fit the task.
        public static let badTeacher = Code(value: .badTeacher)
        /// The student's network cannot be quantised.
        public static let badNetwork = Code(value: .badNetwork)
        /// The observer asked to stop.
        public static let cancelled = Code(value: .cancelled)
        /// No update is as small as was asked for.
        public static let overBudget = Code(value: .overBudget)
        /// Losses left the finite numbers.
        public static let diverged = Code(value: .diverged)
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
