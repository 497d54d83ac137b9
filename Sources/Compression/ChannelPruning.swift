import ModelArtifact
package import NeuralNetwork

/// Structured pruning: whole filters and neurons are taken out, and the network is really smaller afterwards.
public struct ChannelPruning {
    private let weights: NetworkWeights
    private let groups: [Group]

    /// Channels that one layer makes and that stand or fall together.
    private struct Group {
        /// The convolution or dense layer whose outputs they are.
        var producer: Int
        /// Depthwise convolutions that they pass.
        var through: [Int] = []
        /// The layer that mixes them.
        var consumer: Int
    }

    /// - Precondition: folded weights.
    package init(_ weights: NetworkWeights) {
        self.weights = weights
        var groups: [Group] = []
        var open: Group?
        for (index, layer) in weights.spec.layers.enumerated() {
            switch layer {
            case .convolution, .dense:
                if var group = open {
                    group.consumer = index
                    groups.append(group)
                }
                open = Group(producer: index, consumer: index)
            case .depthwiseConvolution: open?.through.append(index)
            default: break
            }
        }
        self.groups = groups
    }

    /// How much a channel is worth.
    public enum Score: String, Sendable, CaseIterable {
        /// Euclidean norm of its weights: Li et al. 2017, arXiv:1608.08710 (there the sum of magnitudes).
        case norm
        /// Square of what the loss would change by without it, to first order, summed over batches: Molchanov et al. 2019,
        /// arXiv:1906.10771, eq. 8.
        case taylor
    }

    /// Values of each producer's channels, for ``choose(scores:parameters:floor:strengths:)``.
    package var normScores: [Int: [Float]] {
        groups.reduce(into: [:]) { scores, group in
            scores[group.producer] = members(group).map { ranges in
                ranges.joined().reduce(0) { $0 + weights.values[$1] * weights.values[$1] }.squareRoot()
            }
        }
    }

    /// Where each channel's own weights and bias stand in the flat values.
    private func members(_ group: Group) -> [[Range<Int>]] {
        let layers = [group.producer] + group.through
        let channels = weights.spec.extents[group.producer + 1].channels
        return (0..<channels).map { channel in
            weights.layout.values.filter { layers.contains($0.layer) }.map { entry in
                let depth = entry.count / channels
                return entry.offset + channel * depth..<entry.offset + (channel + 1) * depth
            }
        }
    }

    /// Adds up first-order scores from gradients of batches.
    package final class TaylorRecorder: Optimiser {
        private let members: [Int: [[Range<Int>]]]
        package private(set) var scores: [Int: [Float]]

        fileprivate init(_ members: [Int: [[Range<Int>]]]) {
            self.members = members
            scores = members.mapValues { [Float](repeating: 0, count: $0.count) }
        }

        /// Changes no value.
        package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
            for (producer, channels) in members {
                for (channel, ranges) in channels.enumerated() {
                    let change = ranges.joined().reduce(Float(0)) { $0 + values[$1] * gradients[$1] }
                    scores[producer]?[channel] += change * change
                }
            }
        }

        package var state: [[Float]] {
            get { scores.sorted { $0.key < $1.key }.map(\.value) }
            set { for (key, value) in zip(scores.keys.sorted(), newValue) { scores[key] = value } }
        }
    }

    /// An optimiser that scores channels and leaves the values as they are.
    package func taylorRecorder() -> TaylorRecorder {
        TaylorRecorder(
            groups.reduce(into: [:]) { $0[$1.producer] = members($1) })
    }

    /// The channels to take out, by producer, so that about `parameters` are left: always the one of least score, as a share
    /// of its layer's, for each parameter that goes with it.
    ///
    /// - Parameters:
    ///   - floor: channels that every layer keeps.
    ///   - strengths: by producer, the share of its channels beyond the floor that may go; 1 where there is none.
    package func choose(
        scores: [Int: [Float]], parameters: Int, floor: Int = 2, strengths: [Int: Double] = [:]
    ) -> [Int: Set<Int>] {
        var removed: [Int: Set<Int>] = [:]
        let shares = scores.mapValues { scores in
            let norm = scores.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return scores.map { norm > 0 ? $0 / norm : 0 }
        }
        let orders = shares.mapValues { shares in
            shares.indices.sorted { shares[$0] != shares[$1] ? shares[$0] < shares[$1] : $0 < $1 }
        }
        var spec = weights.spec
        while spec.parameterCount > parameters {
            var best: (producer: Int, channel: Int, cost: Double, spec: NetworkSpec)?
            for producer in groups.map(\.producer) {
                guard let order = orders[producer], let share = shares[producer] else { continue }
                let gone = removed[producer]?.count ?? 0
                let most = Int(Double(max(0, order.count - floor)) * (strengths[producer] ?? 1))
                guard gone < most else { continue }
                let smaller = narrowed(spec, producer, by: 1)
                let cost = Double(share[order[gone]]) / Double(spec.parameterCount - smaller.parameterCount)
                if cost < best?.cost ?? .infinity { best = (producer, order[gone], cost, smaller) }
            }
            guard let best else { break }
            removed[best.producer, default: []].insert(best.channel)
            spec = best.spec
        }
        return removed
    }

    private func narrowed(_ spec: NetworkSpec, _ producer: Int, by count: Int) -> NetworkSpec {
        var spec = spec
        switch spec.layers[producer] {
        case .convolution(let filters, let kernel, let stride, let dilation):
            spec.layers[producer] = .convolution(
                filters: filters - count, kernel: kernel, stride: stride, dilation: dilation)
        case .dense(let units): spec.layers[producer] = .dense(units: units - count)
        default: preconditionFailure("only convolutions and dense layers make channels")
        }
        return spec
    }

    /// The network without some channels.
    ///
    /// - Parameter channels: by producer; every layer keeps at least one.
    package func removing(_ channels: [Int: Set<Int>]) -> NetworkWeights {
        var spec = weights.spec
        for (producer, gone) in channels { spec = narrowed(spec, producer, by: gone.count) }
        let extents = weights.spec.extents
        var values: [Float] = []
        for entry in weights.layout.values {
            let outputs = entry.shape[0]
            let goneOutputs =
                groups.first { $0.producer == entry.layer || $0.through.contains(entry.layer) }
                .flatMap { channels[$0.producer] } ?? []
            // A depthwise weight has no inputs but its own channel's.
            let goneInputs =
                entry.role == .weight
                ? groups.first { $0.consumer == entry.layer }.flatMap { channels[$0.producer] } ?? [] : []
            let depth = entry.count / outputs
            let inputs = extents[entry.layer].channels
            for output in 0..<outputs where !goneOutputs.contains(output) {
                for k in 0..<depth where goneInputs.isEmpty || !goneInputs.contains(k % inputs) {
                    values.append(weights.values[entry.offset + output * depth + k])
                }
            }
        }
        var result = NetworkWeights(spec: spec, seed: 0)
        precondition(result.values.count == values.count, "the values of the narrower network")
        result.values = values
        return result
    }
}
