import ModelArtifact
package import NeuralNetwork

/// Which weights of a network stay and which are zero: unstructured pruning by magnitude. Biases always stay.
public struct PruningMask: Sendable, Equatable {
    /// Where the sparsity is spread.
    public enum Scope: String, Sendable, CaseIterable {
        /// The same share in every layer.
        case layer
        /// One share over all; layers that bear it lose more.
        case global
    }

    /// As ``NetworkWeights/values``: 1 for what stays, 0 for what does not.
    private let factors: [Float]

    /// Prunes the weights of least magnitude.
    ///
    /// - Parameter sparsities: share of zeros by index of the layer, 0 to 1; layers without one stay whole.
    package init(_ weights: NetworkWeights, sparsities: [Int: Double]) {
        var factors = [Float](repeating: 1, count: weights.values.count)
        for entry in weights.layout.values where entry.role == .weight {
            guard let sparsity = sparsities[entry.layer] else { continue }
            let count = Int((Double(entry.count) * sparsity).rounded())
            for index in Self.ascending(weights, entry).prefix(count) { factors[index] = 0 }
        }
        self.factors = factors
    }

    /// The zeros that a network has already.
    package init(zerosOf weights: NetworkWeights) {
        var factors = [Float](repeating: 1, count: weights.values.count)
        for entry in weights.layout.values where entry.role == .weight {
            for index in entry.range where weights.values[index] == 0 { factors[index] = 0 }
        }
        self.factors = factors
    }

    /// Share of zeros for each layer with weights, so that it is `target` over all of them.
    ///
    /// - Source: layer-adaptive magnitude scores w² / Σ v² over v with |v| ≥ |w| of the same layer: Lee, Park, Mo, Ahn &
    ///   Shin 2021, arXiv:2010.07611, eq. 4. The last weight of a layer has score 1, so that none dies out.
    package static func sparsities(_ weights: NetworkWeights, target: Double, scope: Scope) -> [Int: Double] {
        let tensors = weights.layout.values.filter { $0.role == .weight }
        guard scope == .global else {
            return Dictionary(uniqueKeysWithValues: tensors.map { ($0.layer, target) })
        }
        var scores: [(score: Float, layer: Int)] = []
        for entry in tensors {
            var remaining: Float = 0
            for index in ascending(weights, entry).reversed() {
                let square = weights.values[index] * weights.values[index]
                remaining += square
                scores.append((remaining > 0 ? square / remaining : 0, entry.layer))
            }
        }
        scores.sort { $0.score < $1.score }
        var counts: [Int: Int] = [:]
        for entry in scores.prefix(Int((Double(scores.count) * target).rounded())) {
            counts[entry.layer, default: 0] += 1
        }
        return Dictionary(
            uniqueKeysWithValues: tensors.map { ($0.layer, Double(counts[$0.layer] ?? 0) / Double($0.count)) })
    }

    /// Sparsity to have after a share of a gradual pruning: fast at first, when most weights are of no use.
    ///
    /// - Parameter progress: 0 to 1.
    /// - Source: Zhu & Gupta 2017, arXiv:1710.01878, eq. 1, from 0.
    package static func gradual(_ target: Double, progress: Double) -> Double {
        let left = 1 - progress
        return target * (1 - left * left * left)
    }

    /// Weights that stay.
    package func kept(_ layout: ParameterLayout) -> Int {
        layout.values.filter { $0.role == .weight }.reduce(0) { $0 + factors[$1.range].count { $0 == 1 } }
    }

    /// Writes the values with those pruned set to zero.
    package func project(_ values: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
        factors.withUnsafeBufferPointer { factors in
            for index in factors.indices { result[index] = values[index] * factors[index] }
        }
    }

    /// The network with those pruned set to zero.
    package func applied(to weights: NetworkWeights) -> NetworkWeights {
        precondition(weights.values.count == factors.count, "a mask of the same network")
        var result = weights
        for index in factors.indices where factors[index] == 0 { result.values[index] = 0 }
        return result
    }

    /// Indices of a tensor's values, the least magnitude first, the first of equals first.
    private static func ascending(_ weights: NetworkWeights, _ entry: ParameterLayout.Entry) -> [Int] {
        entry.range.map { ($0, abs(weights.values[$0])) }
            .sorted { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0 < $1.0 }.map(\.0)
    }
}
