import ModelArtifact
import TensorKernels

/// Mean over non-overlapping rectangles of samples and columns; a rest is left out.
final class AveragePool2DOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let from: NetworkSpec.Extent
    private let to: NetworkSpec.Extent
    private let size: NetworkSpec.Size2D

    init(
        input: Signal, output: Signal, from: NetworkSpec.Extent, to: NetworkSpec.Extent, size: NetworkSpec.Size2D
    ) {
        self.input = input
        self.output = output
        self.from = from
        self.to = to
        self.size = size
    }

    /// Calls `body` with the offsets of each output's channels and of the channels of each input it is a mean of.
    @inline(__always)
    private func forEachPair(_ body: (Int, Int) -> Void) {
        for row in 0..<to.samples * size.rows {
            for column in 0..<to.columns * size.columns {
                let output = (row / size.rows * to.columns + column / size.columns) * to.channels
                body(output, (row * from.columns + column) * from.channels)
            }
        }
    }

    func forward(_ context: PassContext) {
        let channels = from.channels
        let share = 1 / Float(size.count)
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            y.update(repeating: 0, count: to.count)
            forEachPair { output, input in
                for c in 0..<channels { y[output + c] += share * x[input + c] }
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient, let target = input.gradient else { return }
        let channels = from.channels
        let share = 1 / Float(size.count)
        for window in 0..<context.count {
            let g = gradient.window(window)
            let d = target.window(window)
            d.update(repeating: 0, count: from.count)
            forEachPair { output, input in
                for c in 0..<channels { d[input + c] = share * g[output + c] }
            }
        }
    }
}
