import ModelArtifact
import TensorKernels

/// Maximum over non-overlapping rectangles of samples and columns; a rest is left out.
final class MaxPool2DOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let columns: Int
    private let size: NetworkSpec.Size2D
    private let from: NetworkSpec.Extent
    /// Offset in its window's input of the first maximum that each output took.
    private let chosen: UnsafeMutableBufferPointer<Int32>

    init(input: Signal, output: Signal, from: NetworkSpec.Extent, size: NetworkSpec.Size2D, capacity: Int) {
        self.input = input
        self.output = output
        self.from = from
        self.size = size
        columns = from.columns / size.columns
        chosen = .allocate(capacity: capacity * output.values.samples * from.channels)
        chosen.initialize(repeating: 0)
    }

    deinit { chosen.deallocate() }

    func forward(_ context: PassContext) {
        let channels = from.channels
        let count = output.values.samples * channels
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            for index in 0..<count {
                let (position, c) = (index / channels, index % channels)
                let corner =
                    (position / columns * size.rows * from.columns + position % columns * size.columns) * channels + c
                var best = corner
                for row in 0..<size.rows {
                    for column in 0..<size.columns {
                        let at = corner + (row * from.columns + column) * channels
                        if x[at] > x[best] { best = at }
                    }
                }
                y[index] = x[best]
                chosen[window * count + index] = Int32(truncatingIfNeeded: best)
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let count = output.values.samples * from.channels
        for window in 0..<context.count {
            let g = gradient.window(window)
            let d = target.window(window)
            d.update(repeating: 0, count: from.count)
            for index in 0..<count { d[Int(chosen[window * count + index])] = g[index] }
        }
    }
}
