extension NetworkSpec.Layer {
    /// The extent that this layer makes of another.
    public func output(of input: NetworkSpec.Extent) -> NetworkSpec.Extent {
        var extent = input
        switch self {
        case .convolution(let filters, _, let stride, _):
            extent.samples = (extent.samples + stride - 1) / stride
            extent.channels = filters
        case .depthwiseConvolution(_, let stride, _):
            extent.samples = (extent.samples + stride - 1) / stride
        case .convolution2D(let filters, _, let stride):
            extent.samples = (extent.samples + stride.rows - 1) / stride.rows
            extent.columns = (extent.columns + stride.columns - 1) / stride.columns
            extent.channels = filters
        case .spectrogram(let frame, let hop):
            extent.samples = extent.samples < frame ? 0 : (extent.samples - frame) / hop + 1
            extent.columns = frame / 2 + 1
        case .maxPool(let size), .averagePool(let size):
            extent.samples /= size
        case .maxPool2D(let size), .averagePool2D(let size):
            extent.samples /= size.rows
            extent.columns /= size.columns
        case .globalAveragePool, .globalMaxPool:
            extent.samples = 1
            extent.columns = 1
        case .dense(let units):
            extent = NetworkSpec.Extent(samples: 1, channels: units)
        case .gru(let units, let sequence):
            extent = NetworkSpec.Extent(samples: sequence ? extent.samples : 1, channels: units)
        case .residual(let block):
            extent = block.reduce(extent) { $1.output(of: $0) }
        case .batchNorm, .relu, .relu6, .gelu, .sigmoid, .tanh, .softmax, .dropout:
            break
        }
        return extent
    }

    /// Trained numbers of this layer on an input.
    func parameterCount(on input: NetworkSpec.Extent) -> Int {
        switch self {
        case .convolution(let filters, let kernel, _, _): return filters * (kernel * input.channels + 1)
        case .depthwiseConvolution(let kernel, _, _): return input.channels * (kernel + 1)
        case .convolution2D(let filters, let kernel, _): return filters * (kernel.count * input.channels + 1)
        case .dense(let units): return units * (input.count + 1)
        case .gru(let units, _): return 3 * units * (input.channels + units + 2)
        case .batchNorm: return 2 * input.channels
        case .residual(let block):
            let output = output(of: input)
            return inside(block, input) { $0.parameterCount(on: $1) }
                + (output == input ? 0 : output.channels * (input.channels + 1))
        case .spectrogram, .relu, .relu6, .gelu, .sigmoid, .tanh, .softmax, .maxPool, .averagePool, .maxPool2D,
            .averagePool2D, .globalAveragePool, .globalMaxPool, .dropout:
            return 0
        }
    }

    /// Multiply-accumulates of this layer on one window.
    func multiplyAccumulates(on input: NetworkSpec.Extent) -> Int {
        let output = output(of: input)
        switch self {
        case .convolution(_, let kernel, _, _): return output.count * kernel * input.channels
        case .depthwiseConvolution(let kernel, _, _): return output.count * kernel
        case .convolution2D(_, let kernel, _): return output.count * kernel.count * input.channels
        case .dense: return output.count * input.count
        case .gru(let units, _): return input.samples * 3 * units * (input.channels + units)
        // Real and imaginary part of each bin are products with a frame.
        case .spectrogram(let frame, _): return output.count * 2 * frame
        case .residual(let block):
            return inside(block, input) { $0.multiplyAccumulates(on: $1) }
                + (output == input ? 0 : output.count * input.channels)
        case .batchNorm, .relu, .relu6, .gelu, .sigmoid, .tanh, .softmax, .maxPool, .averagePool, .maxPool2D,
            .averagePool2D, .globalAveragePool, .globalMaxPool, .dropout:
            return 0
        }
    }

    private func inside(
        _ block: [Self], _ input: NetworkSpec.Extent, _ count: (Self, NetworkSpec.Extent) -> Int
    ) -> Int {
        zip(block, NetworkSpec.extents(of: block, from: input)).reduce(0) { $0 + count($1.0, $1.1) }
    }
}
