import NeuralNetwork

/// Values of a network that stay as they were.
struct FrozenValues: Sendable {
    /// By index in ``NetworkWeights/values``: whether it stays.
    let isFrozen: [Bool]
    /// What they were, all of them.
    let values: [Float]

    func project(_ result: UnsafeMutablePointer<Float>) {
        for index in isFrozen.indices where isFrozen[index] { result[index] = values[index] }
    }

    func apply(to weights: inout NetworkWeights) {
        for index in isFrozen.indices where isFrozen[index] { weights.values[index] = values[index] }
    }
}
