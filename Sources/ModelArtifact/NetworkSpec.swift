/// A network as data: the same spec builds it in the trainer, the compressor, the exporter and the edge.
///
/// Activations are (samples × channels), channels last. A layer's position in ``layers`` names its tensors:
/// `layers.3.weight`.
public struct NetworkSpec: Sendable, Equatable {
    /// One layer.
    public enum Layer: Sendable, Equatable {
        /// Weights (filters × kernel × input channels), bias (filters); zero padding keeps ⌈samples / stride⌉ outputs.
        case convolution(filters: Int, kernel: Int, stride: Int)
        /// Trained only; folded into the convolution or dense layer before it at export.
        case batchNorm
        case relu
        /// Non-overlapping windows; a rest shorter than `size` is left out.
        case maxPool(size: Int)
        case averagePool(size: Int)
        /// Mean over samples: (samples × channels) to (channels).
        case globalAveragePool
        /// Trained only.
        case dropout(rate: Float)
        /// Weights (units × inputs), bias (units); inputs are flattened row-major.
        case dense(units: Int)
    }

    /// Samples in a window.
    public var samples: Int
    /// Channels of a sample.
    public var channels: Int
    public var layers: [Layer]

    public init(samples: Int, channels: Int, layers: [Layer]) {
        self.samples = samples
        self.channels = channels
        self.layers = layers
    }

    /// An activation's extent: samples × channels.
    public struct Extent: Sendable, Equatable {
        public var samples: Int
        public var channels: Int
        public var count: Int { samples * channels }
    }

    /// Zero samples to add before and after so that a convolution of `stride` yields ⌈samples / stride⌉ outputs.
    ///
    /// The surplus sample, where the sum is odd, goes behind (as TensorFlow's `SAME`).
    public static func padding(samples: Int, kernel: Int, stride: Int) -> (before: Int, after: Int) {
        let outputs = (samples + stride - 1) / stride
        let total = max(0, (outputs - 1) * stride + kernel - samples)
        return (total / 2, total - total / 2)
    }

    /// The extent before each layer and after the last: `layers.count + 1` elements.
    public var extents: [Extent] {
        var extent = Extent(samples: samples, channels: channels)
        return [extent]
            + layers.map { layer in
                switch layer {
                case .convolution(let filters, _, let stride):
                    extent = Extent(samples: (extent.samples + stride - 1) / stride, channels: filters)
                case .maxPool(let size), .averagePool(let size):
                    extent.samples /= size
                case .globalAveragePool:
                    extent.samples = 1
                case .dense(let units):
                    extent = Extent(samples: 1, channels: units)
                case .batchNorm, .relu, .dropout:
                    break
                }
                return extent
            }
    }

    /// Outputs of the last layer.
    public var outputs: Int { extents.last?.count ?? 0 }

    /// Trained numbers: weights, biases, and batch norm's scale and shift.
    public var parameterCount: Int {
        zip(layers, extents).reduce(0) { sum, pair in
            switch pair.0 {
            case .convolution(let filters, let kernel, _): sum + filters * (kernel * pair.1.channels + 1)
            case .dense(let units): sum + units * (pair.1.count + 1)
            case .batchNorm: sum + 2 * pair.1.channels
            default: sum
            }
        }
    }

    /// Multiply-accumulates for one window.
    public var multiplyAccumulates: Int {
        let extents = extents
        return layers.indices.reduce(0) { sum, index in
            switch layers[index] {
            case .convolution(_, let kernel, _): sum + extents[index + 1].count * kernel * extents[index].channels
            case .dense: sum + extents[index + 1].count * extents[index].count
            default: sum
            }
        }
    }
}
