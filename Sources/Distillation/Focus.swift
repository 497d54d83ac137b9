/// Classes that must be right: their windows weigh more in every loss, and hints are taken from them alone.
public struct Focus: Sendable, Equatable {
    /// Indices of the task's classes.
    public var classes: [Int]
    /// Weight of a window of these classes; that of others is 1.
    public var weight: Float
    public init(classes: [Int], weight: Float = 3) {
        self.classes = classes
        self.weight = weight
    }
}

/// How much a class weighs in the losses.
public enum ClassWeights: Sendable, Equatable {
    /// Every window the same.
    case uniform
    /// Every class the same: windows of a rare class weigh more, by at most ten times the mean.
    case balanced
    /// By class.
    case given([Float])

    /// (classes), with a mean over windows of 1; empty for uniform.
    func factors(counts: [Int]) -> [Float] {
        let raw: [Float]
        switch self {
        case .uniform: return []
        case .balanced:
            let present = Float(counts.count { $0 > 0 })
            let total = Float(counts.reduce(0, +))
            raw = counts.map { $0 > 0 ? min(10, total / (present * Float($0))) : 1 }
        case .given(let weights):
            precondition(weights.count == counts.count, "a weight for each class")
            raw = weights
        }
        let sum = zip(raw, counts).reduce(Float(0)) { $0 + $1.0 * Float($1.1) }
        let mean = sum / Float(max(1, counts.reduce(0, +)))
        return mean > 0 ? raw.map { $0 / mean } : raw
    }
}
