package import ModelArtifact

/// Which layers of a network carry int8 weights, and where its activations lie on u8 grids.
package struct QuantisationPlan: Sendable, Equatable {
    package struct Layer: Sendable, Equatable {
        /// Index in the spec.
        package var index: Int
        package var outputs: Int
        /// Inputs of one output.
        package var depth: Int
        /// Layers whose output is on this layer's activation grid: the ReLU and pools behind it.
        package var activations: [Int]
    }

    package let layers: [Layer]

    /// - Throws: `CompressionError.unsupportedNetwork` unless every weighted layer but the last is followed by ReLU, the
    ///   last layer is dense, and no other layers than pools stand between.
    package init(_ spec: NetworkSpec) throws(CompressionError) {
        var layers: [Layer] = []
        let extents = spec.extents
        func refuse(_ index: Int, _ why: String) -> CompressionError {
            CompressionError(.unsupportedNetwork, "layer \(index): \(why)")
        }
        for (index, layer) in spec.layers.enumerated() {
            switch layer {
            case .convolution(let filters, let kernel, _, let dilation):
                guard dilation == 1 else { throw refuse(index, "a dilated convolution does not run on integers") }
                layers.append(
                    Layer(index: index, outputs: filters, depth: kernel * extents[index].channels, activations: []))
            case .dense(let units):
                layers.append(Layer(index: index, outputs: units, depth: extents[index].count, activations: []))
            case .relu, .averagePool, .globalAveragePool, .maxPool:
                guard let last = layers.last else { throw refuse(index, "a weighted layer must come first") }
                let behind = last.activations.isEmpty
                guard (layer == .relu) == behind else {
                    throw refuse(index, "one ReLU must directly follow every weighted layer but the last")
                }
                if case .maxPool = layer { break }
                layers[layers.count - 1].activations.append(index)
            case .depthwiseConvolution, .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid, .tanh, .softmax,
                .maxPool2D, .averagePool2D, .globalMaxPool, .gru, .residual:
                throw refuse(index, "\(layer) does not run on integers")
            case .batchNorm, .dropout:
                throw refuse(index, "batch norm must be folded and dropout left out")
            }
        }
        guard let last = layers.last, last.index == spec.layers.count - 1, case .dense = spec.layers[last.index] else {
            throw CompressionError(.unsupportedNetwork, "the last layer must be dense")
        }
        for layer in layers.dropLast() where layer.activations.isEmpty {
            throw refuse(layer.index, "a ReLU must follow")
        }
        self.layers = layers
    }
}
