import ModelArtifact
import NeuralNetwork

/// Changed copies of the windows to train on. A copy depends on nothing but the window and a seed, so it can be remade.
struct WindowFeeder: Sendable {
    let windows: LabelledWindows
    /// The windows that may be mixed in.
    let indices: [Int]
    let augmentation: Augmentation
    /// Largest share of another window that is blended in; 0 for none.
    let mixing: Float
    private let normalisation: Student.Normalisation

    init(windows: LabelledWindows, indices: [Int], augmentation: Augmentation, mixing: Float, normaliser: Normaliser) {
        self.windows = windows
        self.indices = indices
        self.augmentation = augmentation
        self.mixing = mixing
        normalisation = normaliser.normalisation
    }

    /// What a copy is blended with.
    struct Blend {
        var partner: Int
        /// Of the partner.
        var share: Float
    }

    /// - Source: Zhang et al. 2018, arXiv:1710.09412 (mixup), with a uniform share.
    func blend(_ index: Int, seed: UInt64) -> Blend? {
        guard mixing > 0 else { return nil }
        var random = RandomSource(seed: seed, index, 2)
        let partner = indices[Int(random.next() % UInt64(indices.count))]
        return Blend(partner: partner, share: mixing * random.uniform())
    }

    /// Calls `body` with (samples × channels) raw values.
    func withWindow(_ index: Int, seed: UInt64, _ body: (UnsafePointer<Float>) -> Void) {
        let size = windows.windowSize
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * size) { buffer in
            guard let result = buffer.baseAddress else { return }
            change(index, seed: seed, stream: 0, into: result)
            if let blend = blend(index, seed: seed) {
                let other = result + size
                change(blend.partner, seed: seed &+ UInt64(index), stream: 1, into: other)
                for k in 0..<size { result[k] += blend.share * (other[k] - result[k]) }
            }
            body(result)
        }
    }

    private func change(_ index: Int, seed: UInt64, stream: Int, into result: UnsafeMutablePointer<Float>) {
        var random = RandomSource(seed: seed, index, stream)
        windows.values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            augmentation.apply(
                base + index * windows.windowSize, samples: windows.samples, channels: windows.channels,
                means: normalisation.mean, deviations: normalisation.standardDeviation, into: result, &random)
        }
    }
}
