package import TensorKernels

/// Activations of a batch, (windows × samples × channels), channels last, with rows of zeros around each window so that a
/// convolution reads overlapping rows without looking at edges. The zeros are never written.
package final class PaddedActivation {
    package let samples: Int
    package let channels: Int
    package let before: Int
    package let after: Int
    private let buffer: FloatBuffer

    package init(capacity: Int, samples: Int, channels: Int, before: Int = 0, after: Int = 0) {
        self.samples = samples
        self.channels = channels
        self.before = before
        self.after = after
        buffer = FloatBuffer(count: capacity * (before + samples + after) * channels)
    }

    package var windowStride: Int { (before + samples + after) * channels }

    /// The first sample of a window.
    package func window(_ index: Int) -> UnsafeMutablePointer<Float> {
        buffer.pointer + index * windowStride + before * channels
    }

    /// The samples of the first `count` windows.
    package func rows(_ count: Int) -> FloatRows {
        FloatRows(base: window(0), groupStride: windowStride, rowStride: channels, rows: samples, groups: count)
    }

    /// Rows that start at `sample` (which may lie in the padding) of each window and follow one another by `step`.
    package func rows(_ count: Int, from sample: Int, step: Int, rows: Int) -> FloatRows {
        FloatRows(
            base: window(0) + sample * channels, groupStride: windowStride, rowStride: step * channels, rows: rows,
            groups: count)
    }
}
