import ModelArtifact
import TensorKernels

/// The input of a 2-D convolution, or its gradient, with zeros around each window's samples and columns.
final class PaddedPlane {
    private let shape: Convolution2DOperator.Shape
    private let rows: Int
    private let columns: Int
    /// Samples and columns of zeros in front.
    private let before: (rows: Int, columns: Int)
    private let buffer: FloatBuffer

    var channels: Int { shape.input.channels }
    private var rowLength: Int { columns * channels }
    private var windowStride: Int { rows * rowLength }

    init(_ shape: Convolution2DOperator.Shape, capacity: Int) {
        self.shape = shape
        let input = shape.input
        let down = NetworkSpec.padding(
            samples: input.samples, kernel: shape.kernel.rows, stride: shape.stride.rows, dilation: shape.dilation)
        let across = NetworkSpec.padding(
            samples: input.columns, kernel: shape.kernel.columns, stride: shape.stride.columns)
        rows = down.before + input.samples + down.after
        columns = across.before + input.columns + across.after
        before = (down.before, across.before)
        buffer = FloatBuffer(count: capacity * rows * columns * input.channels)
    }

    private func row(_ window: Int, _ row: Int) -> UnsafeMutablePointer<Float> {
        buffer.pointer + window * windowStride + (before.rows + row) * rowLength + before.columns * channels
    }

    func fill(from activation: PaddedActivation, _ count: Int) {
        let length = shape.input.columns * channels
        for window in 0..<count {
            let x = activation.window(window)
            for row in 0..<shape.input.samples { self.row(window, row).update(from: x + row * length, count: length) }
        }
    }

    func copy(to activation: PaddedActivation, _ count: Int) {
        let length = shape.input.columns * channels
        for window in 0..<count {
            let d = activation.window(window)
            for row in 0..<shape.input.samples { (d + row * length).update(from: self.row(window, row), count: length) }
        }
    }

    func clear(_ count: Int) { buffer.pointer.update(repeating: 0, count: count * windowStride) }

    /// What each output position meets at one tap, and behind it the channels of the kernel row's further taps.
    ///
    /// - Parameter windows: one, unless the output has a single column.
    func rows(_ windows: Range<Int>, kernelRow: Int, kernelColumn: Int) -> FloatRows {
        let base =
            buffer.pointer + windows.lowerBound * windowStride + kernelRow * shape.dilation * rowLength
            + kernelColumn * channels
        if shape.output.columns == 1 {
            return FloatRows(
                base: base, groupStride: windowStride, rowStride: shape.stride.rows * rowLength,
                rows: shape.output.samples, groups: windows.count)
        }
        assert(windows.count == 1, "rows of several columns come window by window")
        return FloatRows(
            base: base, groupStride: shape.stride.rows * rowLength, rowStride: shape.stride.columns * channels,
            rows: shape.output.columns, groups: shape.output.samples)
    }
}
