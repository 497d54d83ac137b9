import ModelArtifact
import NeuralNetwork
import Testing

@testable import Compression

@Suite("Low rank")
struct LowRankTests {
    @Test("Known singular values: Golub & Van Loan's 2 × 2, a rank of one, zeros")
    func knownAnswers() {
        let two = SingularValues([3, 0, 4, 5], rows: 2, columns: 2)
        #expect(abs(two.values[0] - 45.0.squareRoot()) < 1e-12 && abs(two.values[1] - 5.0.squareRoot()) < 1e-12)
        let one = SingularValues([1, 2, 3, 2, 4, 6], rows: 2, columns: 3)
        #expect(abs(one.values[0] - 70.0.squareRoot()) < 1e-9 && one.values[1] < 1e-9)
        #expect(SingularValues([0, 0, 0], rows: 1, columns: 3).values == [0])
    }

    @Test("The parts add up to the matrix and are orthonormal", arguments: [(7, 4), (4, 9), (6, 6), (1, 5)])
    func decomposition(rows: Int, columns: Int) {
        var random = RandomSource(seed: 3)
        let matrix = (0..<rows * columns).map { _ in random.normal() }
        let parts = SingularValues(matrix, rows: rows, columns: columns)
        for i in 0..<rows {
            for j in 0..<columns {
                let sum = parts.values.indices.reduce(0.0) {
                    $0 + parts.values[$1] * parts.left[$1][i] * parts.right[$1][j]
                }
                #expect(abs(sum - Double(matrix[i * columns + j])) < 1e-5)
            }
        }
        for side in [parts.left, parts.right] {
            for p in side.indices {
                for q in side.indices {
                    let product = zip(side[p], side[q]).reduce(0) { $0 + $1.0 * $1.1 }
                    #expect(abs(product - (p == q ? 1 : 0)) < 1e-9)
                }
            }
        }
        #expect(zip(parts.values, parts.values.dropFirst()).allSatisfy { $0 >= $1 })
    }

    private let spec = NetworkSpec(
        samples: 16, channels: 4,
        layers: [
            .convolution(filters: 12, kernel: 5, stride: 2), .relu, .globalAveragePool, .dense(units: 10), .relu,
            .dense(units: 12),
        ])

    /// Weights of which the convolution has rank 2.
    private func weights() -> NetworkWeights {
        var weights = PruningTests.weights(spec)
        let start = weights.layout.offset(0, .weight)
        var random = RandomSource(seed: 8)
        let left = (0..<24).map { _ in random.normal() }
        let right = (0..<40).map { _ in random.normal() }
        for row in 0..<12 {
            for column in 0..<20 {
                weights.values[start + row * 20 + column] =
                    0.3 * (left[row] * right[column] + left[12 + row] * right[20 + column])
            }
        }
        return weights
    }

    @Test("A layer of low rank becomes two smaller ones that compute the same; layers of full rank stay")
    func exact() {
        let weights = weights()
        let ranks = LowRank(weights).ranks(energy: 0.9999)
        #expect(ranks == [0: 2])
        let factors = LowRank(weights).factorised(ranks: ranks)
        #expect(
            Array(factors.spec.layers.prefix(3)) == [
                .convolution(filters: 2, kernel: 5, stride: 2), .convolution(filters: 12, kernel: 1, stride: 1), .relu,
            ])
        #expect(factors.values.count < weights.values.count)
        for (a, b) in zip(PruningTests.logits(weights), PruningTests.logits(factors)) { #expect(abs(a - b) < 1e-4) }
    }

    @Test("Ranks by parameters meet the number and take from where energy is least")
    func budget() {
        let weights = weights()
        for parameters in [weights.values.count - 1, 350, 200] {
            let ranks = LowRank(weights).ranks(parameters: parameters)
            #expect(LowRank(weights).factorised(ranks: ranks).values.count <= parameters)
        }
        #expect(LowRank(weights).ranks(parameters: 350) == [0: 2], "ranks beyond the second cost nothing")
        #expect(LowRank(weights).ranks(parameters: weights.values.count).isEmpty)
    }

    @Test("A layer that bears half as much has its rank halfway to the highest of use")
    func easing() {
        let weights = weights()
        // 12 × 20 = 240 against 33 a rank: 7 at most.
        #expect(LowRank(weights).eased([0: 2], [0: 0.5]) == [0: 4])
        #expect(LowRank(weights).eased([0: 2], [0: 1]) == [0: 2])
    }
}
