package import ModelArtifact

/// Which layers of a network carry int8 weights, and where its activations lie on u8 grids.
package struct QuantisationPlan: Sendable, Equatable {
    package struct Layer: Sendable, Equatable {
        /// Index in the spec.
        package var index: Int
        package var outputs: Int
        /// Inputs of one output.
        package var depth: Int
        /// No ReLU stands behind it: its activations have zero point 128.
        package var isSigned: Bool
        /// Layers whose output is on this layer's activation grid: its ReLU, or itself where it has none, and the average
        /// pools behind it.
        package var activations: [Int]

        /// Steps to the upper end of the activations' grid.
        var highest: Float { isSigned ? 127 : 255 }
    }

    package let layers: [Layer]

    /// - Throws: `CompressionError.unsupportedNetwork` unless layers are convolutions, dense layers, ReLU directly behind
    ///   these and pools, the last one dense.
    package init(_ spec: NetworkSpec) throws(CompressionError) {
        var layers: [Layer] = []
        let extents = spec.extents
        func refuse(_ index: Int, _ why: String) -> CompressionError {
            CompressionError(.unsupportedNetwork, "layer \(index): \(why)")
        }
        for (index, layer) in spec.layers.enumerated() {
            func add(outputs: Int, depth: Int) {
                let isLast = index == spec.layers.count - 1
                let isSigned = !isLast && spec.layers[index + 1] != .relu
                layers.append(
                    Layer(
                        index: index, outputs: outputs, depth: depth, isSigned: isSigned,
                        activations: isSigned ? [index] : []))
            }
            switch layer {
            case .convolution(let filters, let kernel, _, _):
                add(outputs: filters, depth: kernel * extents[index].channels)
            case .depthwiseConvolution(let kernel, _, _): add(outputs: extents[index].channels, depth: kernel)
            case .dense(let units): add(outputs: units, depth: extents[index].count)
            case .relu:
                guard let last = layers.last, last.index == index - 1 else {
                    throw refuse(index, "a ReLU must directly follow a layer with weights")
                }
                layers[layers.count - 1].activations.append(index)
            case .averagePool, .globalAveragePool:
                guard !layers.isEmpty else { throw refuse(index, "a weighted layer must come first") }
                layers[layers.count - 1].activations.append(index)
            case .maxPool, .globalMaxPool:
                guard !layers.isEmpty else { throw refuse(index, "a weighted layer must come first") }
            case .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid, .tanh, .softmax, .maxPool2D, .averagePool2D,
                .gru, .residual:
                throw refuse(index, "\(layer) does not run on integers")
            case .batchNorm, .dropout:
                throw refuse(index, "batch norm must be folded and dropout left out")
            }
        }
        guard let last = layers.last, last.index == spec.layers.count - 1, case .dense = spec.layers[last.index] else {
            throw CompressionError(.unsupportedNetwork, "the last layer must be dense")
        }
        self.layers = layers
    }
}
