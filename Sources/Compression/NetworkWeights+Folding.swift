import ModelArtifact
public import NeuralNetwork

extension NetworkWeights {
    /// The same function without batch norm, folded into the convolution or dense layer before it, and without dropout.
    ///
    /// - Throws: `CompressionError.unsupportedNetwork` if batch norm follows anything else.
    public func folded() throws(CompressionError) -> NetworkWeights {
        var layers: [NetworkSpec.Layer] = []
        var parts: [[Float]] = []
        for (index, layer) in spec.layers.enumerated() {
            switch layer {
            case .dropout: continue
            case .residual:
                throw CompressionError(.unsupportedNetwork, "layer \(index): residual layers are not folded")
            case .batchNorm:
                guard index > 0, parts.count >= 2 else {
                    throw CompressionError(.unsupportedNetwork, "layer \(index): batch norm has no layer before it")
                }
                switch spec.layers[index - 1] {
                case .convolution, .depthwiseConvolution, .dense: break
                default:
                    throw CompressionError(
                        .unsupportedNetwork, "layer \(index): batch norm must follow a convolution or dense layer")
                }
                var bias = parts.removeLast()
                var weight = parts.removeLast()
                fold(index, weight: &weight, bias: &bias)
                parts += [weight, bias]
            default:
                layers.append(layer)
                for entry in layout.values where entry.layer == index { parts.append(Array(values[entry.range])) }
            }
        }
        let spec = NetworkSpec(samples: spec.samples, channels: spec.channels, layers: layers)
        var result = NetworkWeights(spec: spec, seed: 0)
        result.values = parts.flatMap { $0 }
        return result
    }

    private func fold(_ index: Int, weight: inout [Float], bias: inout [Float]) {
        let scale = layout.offset(index, .weight)
        let shift = layout.offset(index, .bias)
        let mean = layout.offset(index, .mean)
        let variance = layout.offset(index, .variance)
        let depth = weight.count / bias.count
        for output in bias.indices {
            let factor = values[scale + output] / (statistics[variance + output] + NetworkPass.normEpsilon).squareRoot()
            for k in 0..<depth { weight[output * depth + k] *= factor }
            // A bias before batch norm is not used in training: batch norm would take it away.
            bias[output] = values[shift + output] - statistics[mean + output] * factor
        }
    }
}
