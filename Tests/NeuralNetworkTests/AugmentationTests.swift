import Testing

@testable import NeuralNetwork

@Suite("Augmentation")
struct AugmentationTests {
    private static let samples = 40
    private static let channels = 4
    private let means: [Float] = [1, 2, 3, 4]

    /// A window of random values.
    private static let window: [Float] = {
        var random = RandomSource(seed: 9)
        return (0..<samples * channels).map { _ in 3 + random.normal() }
    }()

    private func changed(_ augmentation: Augmentation, _ window: [Float] = window, seed: UInt64 = 1) -> [Float] {
        var random = RandomSource(seed: seed)
        var result = [Float](repeating: .nan, count: window.count)
        window.withUnsafeBufferPointer { raw in
            result.withUnsafeMutableBufferPointer { buffer in
                guard let base = raw.baseAddress, let target = buffer.baseAddress else { return }
                augmentation.apply(
                    base, samples: Self.samples, channels: Self.channels, means: means,
                    deviations: [Float](repeating: 2, count: Self.channels), into: target, &random)
            }
        }
        return result
    }

    private static let all: [Augmentation] = [
        only { $0.angle = 0.5 }, only { $0.turnShare = 1 }, only { $0.scaling = 0.2 }, only { $0.jitter = 0.1 },
        only { $0.timeWarp = 0.5 }, only { $0.slice = 0.5 }, only { $0.channelDropout = 0.5 },
    ]

    private static func only(_ change: (inout Augmentation) -> Void) -> Augmentation {
        var result = Augmentation.none
        result.axes = [[0, 1, 2]]
        change(&result)
        return result
    }

    @Test("The same seed changes a window in the same way, another seed in another", arguments: all)
    func seeds(augmentation: Augmentation) {
        let results = (0..<20).map { changed(augmentation, seed: $0) }
        #expect(results == (0..<20).map { changed(augmentation, seed: $0) })
        #expect(results.allSatisfy { $0.allSatisfy(\.isFinite) })
        #expect(Set(results).count > 1 || augmentation.turnShare == 1)
        #expect(results.contains { $0 != Self.window })
    }

    @Test("No augmentation changes nothing")
    func none() {
        #expect(changed(.none) == Self.window)
    }

    @Test("A rotation keeps the length of vectors and other channels, and turns by no more than its angle")
    func rotation() {
        let result = changed(Self.only { $0.angle = 0.5 })
        for row in 0..<Self.samples {
            let a = Self.window[row * 4..<row * 4 + 3]
            let b = result[row * 4..<row * 4 + 3]
            let (lengthA, lengthB) = (a.reduce(0) { $0 + $1 * $1 }, b.reduce(0) { $0 + $1 * $1 })
            #expect(abs(lengthA - lengthB) < 1e-4 * lengthA)
            let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(product >= (cosine(0.5) - 1e-5) * lengthA)
            #expect(result[row * 4 + 3] == Self.window[row * 4 + 3])
        }
    }

    @Test("A half turn negates the two other axes")
    func halfTurn() {
        let result = changed(Self.only { $0.turnShare = 1 })
        for row in 0..<Self.samples {
            let expected = zip(Self.window[row * 4..<row * 4 + 4], [-1, -1, 1, 1] as [Float]).map { $0 * $1 }
            #expect(zip(result[row * 4..<row * 4 + 4], expected).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test("Scaling is one factor for all values")
    func scaling() {
        let factors = zip(changed(Self.only { $0.scaling = 0.2 }), Self.window).map { $0 / $1 }
        #expect(factors.allSatisfy { abs($0 - factors[0]) < 1e-5 })
        #expect(factors[0] != 1)
    }

    @Test("Jitter has zero mean and the channel's share of its deviation")
    func jitter() {
        let noise = (0..<50).flatMap { seed in
            zip(changed(Self.only { $0.jitter = 0.1 }, seed: seed), Self.window).map { $0 - $1 }
        }
        let mean = noise.reduce(0, +) / Float(noise.count)
        let variance = noise.reduce(0) { $0 + $1 * $1 } / Float(noise.count)
        // 8000 values of deviation 0.2.
        #expect(abs(mean) < 0.01)
        #expect(abs(variance.squareRoot() - 0.2) < 0.01)
    }

    @Test("A slice has the window's length and runs at one speed inside of it")
    func slice() {
        let ramp = (0..<Self.samples * Self.channels).map { Float($0 / Self.channels) }
        for seed in 0..<20 {
            let result = changed(Self.only { $0.slice = 0.4 }, ramp, seed: UInt64(seed))
            #expect(result.count == ramp.count)
            let steps = (1..<Self.samples).map { result[$0 * 4] - result[($0 - 1) * 4] }
            #expect(steps.allSatisfy { (0.6 - 1e-4...1 + 1e-4).contains($0) })
            #expect(steps.allSatisfy { abs($0 - steps[0]) < 1e-4 })
            #expect(result.allSatisfy { (0...Float(Self.samples - 1)).contains($0) })
        }
    }

    @Test("A warped window keeps its ends and its order, and changes its speed")
    func warp() {
        let ramp = (0..<Self.samples * Self.channels).map { Float($0 / Self.channels) }
        for seed in 0..<20 {
            let result = changed(Self.only { $0.timeWarp = 0.5 }, ramp, seed: UInt64(seed))
            #expect(result[0] == 0 && abs(result[(Self.samples - 1) * 4] - Float(Self.samples - 1)) < 1e-3)
            let steps = (1..<Self.samples).map { result[$0 * 4] - result[($0 - 1) * 4] }
            #expect(steps.allSatisfy { $0 > 0.5 / 1.5 - 1e-3 && $0 < 1.5 / 0.5 + 1e-3 })
            #expect((steps.max() ?? 0) - (steps.min() ?? 0) > 0.02)
        }
    }

    @Test("A lost channel is its mean throughout, also under noise, and the share of them is the one asked for")
    func channelDropout() {
        let augmentation = Self.only {
            $0.channelDropout = 0.3
            $0.jitter = 0.1
        }
        var lost = 0
        for seed in 0..<500 {
            let result = changed(augmentation, seed: UInt64(seed))
            for c in 0..<Self.channels {
                let values = (0..<Self.samples).map { result[$0 * 4 + c] }
                if values.allSatisfy({ $0 == means[c] }) {
                    lost += 1
                } else {
                    #expect(Set(values).count > Self.samples / 2)
                }
            }
        }
        // 2000 draws at 0.3: deviation 20.
        #expect((520...680).contains(lost))
    }
}
