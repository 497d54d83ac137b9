import ModelArtifact
import Synchronization
import TensorKernels
import Testing

@testable import NeuralNetwork

@Suite("Network passes")
struct NetworkPassTests {
    private let spec = NetworkSpec(
        samples: 9, channels: 3,
        layers: [
            .convolution(filters: 5, kernel: 5, stride: 2), .batchNorm, .relu, .maxPool(size: 2), .globalAveragePool,
            .dropout(rate: 0.5), .dense(units: 4),
        ])

    private func fill(_ pass: NetworkPass, _ count: Int) {
        var random = RandomSource(seed: 8)
        for window in 0..<count {
            for index in 0..<spec.samples * spec.channels { pass.input.window(window)[index] = random.normal() }
        }
    }

    @Test("A convolution agrees with plain loops, padding included")
    func convolution() {
        for (samples, kernel, stride) in [(9, 5, 2), (8, 5, 2), (8, 4, 1), (7, 1, 3), (100, 5, 1), (5, 9, 2)] {
            let spec = NetworkSpec(
                samples: samples, channels: 3,
                layers: [.convolution(filters: 4, kernel: kernel, stride: stride)])
            var weights = NetworkWeights(spec: spec, seed: 1)
            var random = RandomSource(seed: 2)
            for index in weights.values.indices { weights.values[index] = random.normal() }
            let pass = NetworkPass(spec: spec, capacity: 2, training: false)
            for window in 0..<2 {
                for index in 0..<samples * 3 { pass.input.window(window)[index] = random.normal() }
            }
            pass.load(weights)
            pass.forward(count: 2, training: false)
            let before = NetworkSpec.padding(samples: samples, kernel: kernel, stride: stride).before
            for window in 0..<2 {
                for t in 0..<(samples + stride - 1) / stride {
                    for f in 0..<4 {
                        var sum = weights.values[4 * kernel * 3 + f]
                        for k in 0..<kernel where (0..<samples).contains(t * stride + k - before) {
                            for c in 0..<3 {
                                sum +=
                                    pass.input.window(window)[(t * stride + k - before) * 3 + c]
                                    * weights.values[(f * kernel + k) * 3 + c]
                            }
                        }
                        #expect(abs(pass.logits.window(window)[t * 4 + f] - sum) < 1e-4)
                    }
                }
            }
        }
    }

    @Test("Without training, a window's logits do not depend on the others of its batch")
    func inference() {
        let pass = NetworkPass(spec: spec, capacity: 4, training: false)
        pass.load(NetworkWeights(spec: spec, seed: 4))
        fill(pass, 4)
        pass.forward(count: 4, training: false)
        let together = (0..<4).map { pass.logits.window(1)[$0] }
        for index in 0..<spec.samples * spec.channels { pass.input.window(0)[index] = pass.input.window(1)[index] }
        pass.forward(count: 1, training: false)
        for index in 0..<4 { #expect(abs(pass.logits.window(0)[index] - together[index]) < 1e-5) }
    }

    @Test("Every level computes the same network within rounding")
    func levels() throws {
        var results: [[Float]] = []
        for level in KernelLevel.allCases {
            guard let kernels = KernelTable(level) else { continue }
            let pass = NetworkPass(spec: spec, capacity: 2, training: true, kernels: kernels)
            pass.load(NetworkWeights(spec: spec, seed: 4))
            fill(pass, 2)
            pass.forward(count: 2, training: true, seed: 3)
            results.append((0..<8).map { pass.logits.window(0)[$0] })
        }
        let first = try #require(results.first)
        for result in results {
            for (a, b) in zip(first, result) { #expect(abs(a - b) < 1e-4) }
        }
    }

    @Test("On a grid activations are whole steps between its ends, and halves of means go up")
    func grid() {
        let grid = ActivationGrid(scale: 0.1)
        #expect(grid.round(-3) == 0)
        #expect(grid.round(100) == 25.5)
        #expect(abs(grid.round(0.1234) - 0.1) < 1e-6)
        #expect(abs(grid.round(0.16) - 0.2) < 1e-6)
        #expect(abs(grid.roundMean(0.25) - 0.3) < 1e-6 && abs(grid.roundMean(0.35) - 0.4) < 1e-6)
        let signed = ActivationGrid(scale: 0.1, isSigned: true)
        #expect(abs(signed.round(-0.16) + 0.2) < 1e-6 && signed.bounds.low == -12.8)
        #expect(abs(signed.round(-100) + 12.8) < 1e-5 && abs(signed.round(100) - 12.7) < 1e-5)
        #expect(abs(signed.roundMean(-0.25) + 0.2) < 1e-6)
    }

    @Test("Weights survive as named tensors; missing, misshapen and infinite ones are refused")
    func tensors() throws {
        let weights = NetworkWeights(spec: spec, seed: 6)
        let tensors = weights.tensors
        #expect(tensors.map(\.name).contains("layers.1.running_var"))
        #expect(try NetworkWeights(spec: spec, tensors: tensors) == weights)
        #expect(weights.values.count == spec.parameterCount)

        #expect(throws: NetworkError.self) { try NetworkWeights(spec: spec, tensors: Array(tensors.dropLast())) }
        var bad = tensors
        bad[0].shape = [1]
        #expect(throws: NetworkError.self) { try NetworkWeights(spec: spec, tensors: bad) }
        bad = tensors
        bad[0].values[3] = .infinity
        #expect(throws: NetworkError.self) { try NetworkWeights(spec: spec, tensors: bad) }
    }

    @Test("A pool runs each index once and can be used again")
    func pool() {
        let pool = ComputePool(threads: 3)
        let counts = Mutex([Int](repeating: 0, count: 100))
        for _ in 0..<50 { pool.run(100) { index in counts.withLock { $0[index] += 1 } } }
        #expect(counts.withLock { $0 } == [Int](repeating: 50, count: 100))
    }

    @Test("Threads of a pool that fell asleep between runs take part in the next ones")
    func sleepingPool() {
        let pool = ComputePool(threads: 2)
        var random = RandomSource(seed: 1)
        for run in 0..<20 {
            // Longer than a thread looks out for work before it sleeps.
            for _ in 0..<(run % 2 == 0 ? 0 : 1_000_000) { _ = random.next() }
            let arrived = Atomic(0)
            pool.run(2) { _ in
                arrived.add(1, ordering: .relaxed)
                let limit = ContinuousClock.now + .seconds(5)
                while arrived.load(ordering: .relaxed) < 2, ContinuousClock.now < limit {}
                #expect(arrived.load(ordering: .relaxed) == 2, "the other thread never came")
            }
        }
    }

    @Test("Random sources repeat by seed and differ by stream")
    func random() {
        var a = RandomSource(seed: 1, 2, 3)
        var b = RandomSource(seed: 1, 2, 3)
        var c = RandomSource(seed: 1, 3, 2)
        let first = (0..<10).map { _ in a.next() }
        #expect(first == (0..<10).map { _ in b.next() })
        #expect(first != (0..<10).map { _ in c.next() })
        let values = (0..<20_000).map { _ in a.normal() }
        let mean = values.reduce(0, +) / 20_000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
        #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.05)
    }
}
