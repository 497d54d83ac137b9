public import ModelArtifact

/// A student that a holder of its base reaches within a budget.
public struct BudgetedUpdate: Sendable {
    public let budget: UpdateBudget
    /// Bytes that the budget allows.
    public let limit: Int
    /// Bytes of the frame that takes the base to the student.
    public let bytes: Int
    public let student: Student
}
