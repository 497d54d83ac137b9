import ModelArtifact
import NeuralNetwork

/// Puts augmented, normalised windows into the inputs of networks.
struct WindowFeeder: Sendable {
    let windows: LabelledWindows
    let augmentation: Augmentation
    private let deviations: [Float]

    init(windows: LabelledWindows, augmentation: Augmentation, normaliser: Normaliser) {
        self.windows = windows
        self.augmentation = augmentation
        deviations = normaliser.normalisation.standardDeviation
    }

    /// Calls `body` with the raw values of the window `index`, changed at random by `seed`.
    func withWindow(_ index: Int, seed: UInt64, _ body: (UnsafePointer<Float>) -> Void) {
        let size = windows.windowSize
        var random = RandomSource(seed: seed, index)
        windows.values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { changed in
                guard let result = changed.baseAddress else { return }
                augmentation.apply(
                    base + index * size, samples: windows.samples, channels: windows.channels, deviations: deviations,
                    into: result, &random)
                body(result)
            }
        }
    }
}
