import ModelArtifact
package import NeuralNetwork

/// Convolutions and dense layers as two smaller ones in a row, by singular value decomposition.
///
/// A dense layer becomes one of `rank` units and one of its own; a convolution one of `rank` filters over the same taps,
/// with the stride, and one of its own filters over single samples. Between the two stands no activation.
///
/// - Source: Denton et al. 2014, arXiv:1404.0736, §3.1; Zhang, Zou, He & Sun 2015, arXiv:1505.06798, §3.1 (without the
///   non-linear correction, which fine-tuning under distillation takes the place of).
package struct LowRank {
    private let weights: NetworkWeights
    /// Of the layers that two smaller ones could replace, by index.
    private let parts: [Int: SingularValues]

    /// Decomposes every convolution and dense layer that factors could make smaller.
    ///
    /// - Precondition: folded weights.
    package init(_ weights: NetworkWeights) {
        self.weights = weights
        var parts: [Int: SingularValues] = [:]
        for (index, layer) in weights.spec.layers.enumerated() {
            switch layer {
            case .convolution, .dense:
                let (rows, columns) = Self.shape(weights, index)
                guard Self.highestRank(rows, columns) >= 1 else { continue }
                let start = weights.layout.offset(index, .weight)
                parts[index] = SingularValues(
                    Array(weights.values[start..<start + rows * columns]), rows: rows, columns: columns)
            default: break
            }
        }
        self.parts = parts
    }

    private static func shape(_ weights: NetworkWeights, _ index: Int) -> (rows: Int, columns: Int) {
        let extents = weights.spec.extents
        switch weights.spec.layers[index] {
        case .convolution(let filters, let kernel, _, _): return (filters, kernel * extents[index].channels)
        case .dense(let units): return (units, extents[index].count)
        default: preconditionFailure("only convolutions and dense layers have factors")
        }
    }

    /// The highest rank whose factors, with the bias that the first one gets, are smaller than the layer; 0 for none.
    private static func highestRank(_ rows: Int, _ columns: Int) -> Int { (rows * columns - 1) / (rows + columns + 1) }

    /// Ranks, by index of the layer, that keep a share of the squared singular values; for layers that get smaller by it.
    package func ranks(energy: Double) -> [Int: Int] {
        parts.reduce(into: [:]) { ranks, candidate in
            let squares = candidate.value.values.map { $0 * $0 }
            let total = squares.reduce(0, +)
            var (rank, kept) = (0, 0.0)
            while rank < squares.count, rank == 0 || kept < energy * total {
                kept += squares[rank]
                rank += 1
            }
            let (rows, columns) = Self.shape(weights, candidate.key)
            if rank <= Self.highestRank(rows, columns) { ranks[candidate.key] = rank }
        }
    }

    /// Ranks, by index of the layer, with which the network has at most so many parameters: always the rank is lowered that
    /// costs the least of its layer's energy for each parameter saved.
    ///
    /// - Returns: the lowest ranks where even these have more.
    package func ranks(parameters: Int) -> [Int: Int] {
        var ranks: [Int: Int] = [:]
        func cost(_ index: Int) -> Double? {
            guard let values = parts[index]?.values else { return nil }
            let (rows, columns) = Self.shape(weights, index)
            let total = max(values.reduce(0) { $0 + $1 * $1 }, .leastNormalMagnitude)
            guard let rank = ranks[index] else {
                // From the whole layer to two factors.
                let first = Self.highestRank(rows, columns)
                let lost = values.dropFirst(first).reduce(0) { $0 + $1 * $1 }
                return lost / total / Double(max(1, rows * columns - first * (rows + columns + 1)))
            }
            guard rank > 1 else { return nil }
            return values[rank - 1] * values[rank - 1] / total / Double(rows + columns + 1)
        }
        var count = weights.spec.parameterCount
        while count > parameters {
            let choices = parts.keys.sorted().compactMap { index in cost(index).map { (index, $0) } }
            guard let cheapest = choices.min(by: { $0.1 < $1.1 })?.0 else { break }
            let (rows, columns) = Self.shape(weights, cheapest)
            if let rank = ranks[cheapest] {
                ranks[cheapest] = rank - 1
                count -= rows + columns + 1
            } else {
                let first = Self.highestRank(rows, columns)
                ranks[cheapest] = first
                count -= rows * columns - first * (rows + columns + 1)
            }
        }
        return ranks
    }

    /// Ranks raised towards the highest that still makes a layer smaller, for layers that bear less than the whole.
    ///
    /// - Parameter strengths: by layer: 1 leaves a rank as it is.
    package func eased(_ ranks: [Int: Int], _ strengths: [Int: Double]) -> [Int: Int] {
        Dictionary(
            uniqueKeysWithValues: ranks.map { index, rank in
                let (rows, columns) = Self.shape(weights, index)
                let room = Double(max(0, Self.highestRank(rows, columns) - rank))
                return (index, rank + Int(room * (1 - (strengths[index] ?? 1))))
            })
    }

    /// The network with factors in the place of layers.
    ///
    /// - Parameter ranks: at least 1, by index of the layer.
    package func factorised(ranks: [Int: Int]) -> NetworkWeights {
        var layers: [NetworkSpec.Layer] = []
        var values: [Float] = []
        for (index, layer) in weights.spec.layers.enumerated() {
            let own = weights.layout.values.filter { $0.layer == index }
            guard let rank = ranks[index], let parts = parts[index] else {
                layers.append(layer)
                values += own.flatMap { weights.values[$0.range] }
                continue
            }
            let rows = Self.shape(weights, index).rows
            switch layer {
            case .convolution(let filters, let kernel, let stride, let dilation):
                layers.append(.convolution(filters: rank, kernel: kernel, stride: stride, dilation: dilation))
                layers.append(.convolution(filters: filters, kernel: 1, stride: 1))
            case .dense(let units): layers += [.dense(units: rank), .dense(units: units)]
            default: preconditionFailure("only convolutions and dense layers have factors")
            }
            // Both factors take the root of each singular value, so that their grids are alike.
            for k in 0..<rank {
                let root = parts.values[k].squareRoot()
                values += parts.right[k].map { Float($0 * root) }
            }
            values += [Float](repeating: 0, count: rank)
            for row in 0..<rows {
                values += (0..<rank).map { Float(parts.left[$0][row] * parts.values[$0].squareRoot()) }
            }
            let bias = weights.layout.offset(index, .bias)
            values += weights.values[bias..<bias + rows]
        }
        let spec = NetworkSpec(samples: weights.spec.samples, channels: weights.spec.channels, layers: layers)
        var result = NetworkWeights(spec: spec, seed: 0)
        precondition(result.values.count == values.count, "folded weights have weights and biases alone")
        result.values = values
        return result
    }
}
