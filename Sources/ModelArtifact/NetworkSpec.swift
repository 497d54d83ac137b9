/// A network as data: the same spec builds it in the trainer, the compressor, the exporter and the edge.
///
/// Activations are (samples × columns × channels), channels last; only a ``Layer/spectrogram(frame:hop:)`` makes more
/// than one column. A layer's position in ``layers`` names its tensors: `layers.3.weight`, and inside of a residual
/// layer `layers.3.block.0.weight`.
public struct NetworkSpec: Sendable, Equatable {
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

    /// An activation's extent: samples × columns × channels.
    public struct Extent: Sendable, Equatable {
        public var samples: Int
        /// Frequency bins behind a spectrogram; 1 elsewhere.
        public var columns: Int
        public var channels: Int

        public init(samples: Int, columns: Int = 1, channels: Int) {
            self.samples = samples
            self.columns = columns
            self.channels = channels
        }

        public var count: Int { samples * columns * channels }
        /// Places that each have all channels.
        public var positions: Int { samples * columns }
    }

    /// What enters the first layer.
    public var input: Extent { Extent(samples: samples, channels: channels) }

    /// Zero samples to add before and after so that a convolution of `stride` yields ⌈samples / stride⌉ outputs.
    ///
    /// The surplus sample, where the sum is odd, goes behind (as TensorFlow's `SAME`).
    public static func padding(
        samples: Int, kernel: Int, stride: Int, dilation: Int = 1
    ) -> (before: Int, after: Int) {
        let outputs = (samples + stride - 1) / stride
        let total = max(0, (outputs - 1) * stride + (kernel - 1) * dilation + 1 - samples)
        return (total / 2, total - total / 2)
    }

    /// The extent before each layer and after the last: `layers.count + 1` elements.
    public var extents: [Extent] { Self.extents(of: layers, from: input) }

    /// The extent before each of `layers` and after the last, where `input` enters the first.
    public static func extents(of layers: [Layer], from input: Extent) -> [Extent] {
        layers.reduce(into: [input]) { extents, layer in
            extents.append(layer.output(of: extents[extents.count - 1]))
        }
    }

    /// Outputs of the last layer.
    public var outputs: Int { extents.last?.count ?? 0 }

    /// Trained numbers: weights, biases, and batch norm's scale and shift.
    public var parameterCount: Int { zip(layers, extents).reduce(0) { $0 + $1.0.parameterCount(on: $1.1) } }

    /// Multiply-accumulates for one window.
    public var multiplyAccumulates: Int { zip(layers, extents).reduce(0) { $0 + $1.0.multiplyAccumulates(on: $1.1) } }
}
