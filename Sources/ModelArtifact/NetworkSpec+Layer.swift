extension NetworkSpec {
    /// One layer.
    ///
    /// A separable convolution is two layers: `.depthwiseConvolution(kernel: 5, stride: 1)`, which looks along time, and
    /// `.convolution(filters: 32, kernel: 1, stride: 1)`, which mixes channels.
    public enum Layer: Sendable, Equatable {
        /// Weights (filters × kernel × input channels), bias (filters); zero padding keeps ⌈samples / stride⌉ outputs.
        /// Taps stand `dilation` samples apart.
        case convolution(filters: Int, kernel: Int, stride: Int, dilation: Int = 1)
        /// Each channel with a filter of its own: weights (channels × kernel), bias (channels); padded like a
        /// convolution.
        case depthwiseConvolution(kernel: Int, stride: Int, dilation: Int = 1)
        /// Over samples and columns: weights (filters × kernel rows × kernel columns × input channels), bias (filters);
        /// padded in both directions like a convolution.
        case convolution2D(filters: Int, kernel: Size2D, stride: Size2D = Size2D(1, 1))
        /// Logarithm of the short-time power spectrum of each channel: (samples × channels) to (frames × bins ×
        /// channels), so that 2-D layers follow. Frames of `frame` samples start every `hop` samples under a Hann window;
        /// there are `frame / 2 + 1` bins.
        case spectrogram(frame: Int, hop: Int)
        /// Trained only; folded into the convolution or dense layer before it at export.
        case batchNorm
        case relu
        /// min(6, max(0, x)).
        case relu6
        /// x · Φ(x), exact.
        case gelu
        case sigmoid
        case tanh
        /// Over the channels of each position.
        case softmax
        /// Non-overlapping windows; a rest shorter than `size` is left out.
        case maxPool(size: Int)
        case averagePool(size: Int)
        case maxPool2D(size: Size2D)
        case averagePool2D(size: Size2D)
        /// Mean over samples and columns: to (channels).
        case globalAveragePool
        /// Maximum over samples and columns: to (channels).
        case globalMaxPool
        /// Trained only.
        case dropout(rate: Float)
        /// Weights (units × inputs), bias (units); inputs are flattened row-major.
        case dense(units: Int)
        /// A gated recurrent unit over samples: the whole sequence of its states, or the last state alone. Teachers only.
        case gru(units: Int, sequence: Bool)
        /// What the block makes of the input, plus the input: as it is where extents agree, otherwise through a strided
        /// 1 × 1 convolution (`shortcut`).
        case residual([Layer])
    }

    /// A size in samples (rows) and columns.
    public struct Size2D: Sendable, Equatable {
        public var rows: Int
        public var columns: Int

        public init(_ rows: Int, _ columns: Int) {
            self.rows = rows
            self.columns = columns
        }

        public var count: Int { rows * columns }
    }

    /// How the input of a residual layer reaches the extent of its block's output.
    public enum Shortcut: Sendable, Equatable {
        case identity
        /// A 1 × 1 convolution with that stride.
        case projection(stride: Size2D)

        /// - Returns: `nil` where no stride leads from one extent to the other.
        public init?(from input: Extent, to output: Extent) {
            guard input != output else {
                self = .identity
                return
            }
            func stride(_ from: Int, _ to: Int) -> Int? {
                guard to > 0, from >= to else { return nil }
                let stride = (from + to - 1) / to
                return (from + stride - 1) / stride == to ? stride : nil
            }
            guard let rows = stride(input.samples, output.samples),
                let columns = stride(input.columns, output.columns)
            else { return nil }
            self = .projection(stride: Size2D(rows, columns))
        }
    }
}
