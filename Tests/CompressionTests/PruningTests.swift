import ModelArtifact
import NeuralNetwork
import Testing

@testable import Compression

@Suite("Pruning")
struct PruningTests {
    /// Every kind of layer that channels pass, twice: by way of a global pool, and flattened.
    static let specs = [
        NetworkSpec(
            samples: 20, channels: 3,
            layers: [
                .convolution(filters: 6, kernel: 5, stride: 2), .relu, .depthwiseConvolution(kernel: 3, stride: 1),
                .convolution(filters: 5, kernel: 3, stride: 1, dilation: 2), .relu, .maxPool(size: 2),
                .globalAveragePool, .dense(units: 4), .relu, .dense(units: 3),
            ]),
        NetworkSpec(
            samples: 8, channels: 2,
            layers: [
                .convolution(filters: 4, kernel: 3, stride: 2), .relu, .averagePool(size: 2), .dense(units: 3),
            ]),
    ]

    static func weights(_ spec: NetworkSpec, seed: UInt64 = 5) -> NetworkWeights {
        var weights = NetworkWeights(spec: spec, seed: seed)
        var random = RandomSource(seed: seed)
        for index in weights.values.indices { weights.values[index] += 0.1 * random.normal() }
        return weights
    }

    static func logits(_ weights: NetworkWeights, windows: Int = 4) -> [Float] {
        let size = weights.spec.samples * weights.spec.channels
        let pass = NetworkPass(spec: weights.spec, capacity: windows, training: false)
        pass.load(weights)
        var random = RandomSource(seed: 9)
        for window in 0..<windows { for k in 0..<size { pass.input.window(window)[k] = random.normal() } }
        pass.forward(count: windows, training: false)
        return (0..<windows * weights.spec.outputs).map { pass.logits.window(0)[$0] }
    }

    @Test("In every layer the weights of least magnitude become zero, and no bias does")
    func byLayer() {
        let weights = Self.weights(Self.specs[0])
        let shares = PruningMask.sparsities(weights, target: 0.5, scope: .layer)
        let pruned = PruningMask(weights, sparsities: shares).applied(to: weights)
        for entry in weights.layout.values {
            let zeros = entry.range.filter { pruned.values[$0] == 0 }
            guard entry.role == .weight else {
                #expect(zeros.isEmpty)
                continue
            }
            #expect(zeros.count == Int((Double(entry.count) * 0.5).rounded()))
            let largestGone = zeros.map { abs(weights.values[$0]) }.max() ?? 0
            let leastKept = entry.range.filter { pruned.values[$0] != 0 }.map { abs(weights.values[$0]) }.min() ?? 0
            #expect(largestGone <= leastKept)
        }
    }

    @Test("Over all layers the share is met, layers that matter keep more, and none dies out")
    func overAll() {
        var weights = Self.weights(Self.specs[0])
        // One layer of few large weights among many small ones bears more.
        let uneven = weights.layout.offset(3, .weight)
        for index in uneven..<uneven + 90 where index % 9 != 0 { weights.values[index] *= 0.01 }
        let shares = PruningMask.sparsities(weights, target: 0.6, scope: .global)
        let tensors = weights.layout.values.filter { $0.role == .weight }
        let total = tensors.reduce(0) { $0 + $1.count }
        let gone = tensors.reduce(0.0) { $0 + Double($1.count) * (shares[$1.layer] ?? 0) }
        #expect(abs(gone / Double(total) - 0.6) < 0.01)
        #expect(shares[3] ?? 0 > 0.8 && shares.values.allSatisfy { $0 < 1 })
        let most = PruningMask.sparsities(weights, target: 0.9, scope: .global)
        #expect(most.values.allSatisfy { $0 < 1 })
    }

    @Test("A gradual pruning begins at nothing, ends at its target and is ahead of an even one")
    func gradual() {
        #expect(PruningMask.gradual(0.8, progress: 0) == 0)
        #expect(PruningMask.gradual(0.8, progress: 1) == 0.8)
        #expect(abs(PruningMask.gradual(0.8, progress: 0.5) - 0.7) < 1e-12)
    }

    @Test("Zeros of a network are kept as zeros")
    func zeros() {
        var weights = Self.weights(Self.specs[1])
        weights.values[2] = 0
        let mask = PruningMask(zerosOf: weights)
        var trained = weights
        trained.values[2] = 3
        #expect(mask.applied(to: trained) == weights)
        #expect(
            mask.kept(weights.layout)
                == weights.layout.values.filter { $0.role == .weight }.reduce(-1) { $0 + $1.count })
    }

    @Test(
        "Without channels that are always zero a network computes the same, and is really smaller", arguments: [0, 1])
    func removal(index: Int) {
        var weights = Self.weights(Self.specs[index])
        let gone: [Int: Set<Int>] = index == 0 ? [0: [1, 4], 3: [0], 7: [2]] : [0: [0, 3]]
        for (producer, channels) in gone {
            for role in [ParameterLayout.Role.weight, .bias] {
                let entry = weights.layout.values.first { $0.layer == producer && $0.role == role }
                guard let entry else { continue }
                let depth = entry.count / entry.shape[0]
                for channel in channels {
                    for k in 0..<depth { weights.values[entry.offset + channel * depth + k] = 0 }
                }
            }
        }
        if index == 0 {
            // A depthwise bias would pass on something of a channel that is zero.
            let bias = weights.layout.offset(2, .bias)
            for channel in gone[0] ?? [] { weights.values[bias + channel] = 0 }
        }
        let narrow = ChannelPruning(weights).removing(gone)
        #expect(narrow.spec.parameterCount == narrow.values.count && narrow.values.count < weights.values.count)
        for (a, b) in zip(Self.logits(weights), Self.logits(narrow)) { #expect(abs(a - b) < 1e-5) }
    }

    @Test("Channels of least worth go until the parameters fit, and every layer keeps its floor")
    func choice() {
        var weights = Self.weights(Self.specs[0])
        let first = weights.layout.offset(0, .weight)
        for k in 0..<15 { weights.values[first + 2 * 15 + k] *= 1e-3 }
        let pruning = ChannelPruning(weights)
        let limit = weights.values.count * 6 / 10
        let gone = pruning.choose(scores: pruning.normScores, parameters: limit)
        #expect(pruning.removing(gone).values.count <= limit)
        #expect(gone[0]?.contains(2) == true)
        let least = pruning.removing(pruning.choose(scores: pruning.normScores, parameters: 0))
        #expect(least.spec.layers[0] == .convolution(filters: 2, kernel: 5, stride: 2))
        #expect(least.spec.layers[7] == .dense(units: 2) && least.spec.outputs == 3)
        let spared = pruning.choose(scores: pruning.normScores, parameters: 0, strengths: [0: 0, 3: 0.5])
        #expect(spared[0] == nil && spared[3]?.count == 1)
    }

    @Test("First-order scores are squared sums of weight times gradient, and values stay as they are")
    func taylor() {
        let weights = Self.weights(Self.specs[1])
        let recorder = ChannelPruning(weights).taylorRecorder()
        var values = weights.values
        let gradients = weights.values.indices.map { Float($0 % 3) }
        for _ in 0..<2 { recorder.step(&values, gradients, rate: 1) }
        #expect(values == weights.values)
        let own = Array(6..<12) + [24 + 1]  // weights and bias of the second filter
        let change = own.reduce(Float(0)) { $0 + weights.values[$1] * gradients[$1] }
        #expect(abs((recorder.scores[0]?[1] ?? 0) - 2 * change * change) < 1e-4)
        #expect(recorder.scores.count == 1 && recorder.scores[0]?.count == 4)
    }
}
