public import ModelArtifact

/// The arithmetic of ``Student`` as plain loops: slow, obvious, and what ``InferenceEngine`` is tested against.
public enum ReferenceInference {
    /// The integer logits of a quantised window.
    ///
    /// - Parameter input: (samples × channels).
    /// - Precondition: the student validates and the input has its size.
    public static func logits(_ student: Student, quantised input: [UInt8]) -> [Int32] {
        var activation = input.map(Int64.init)
        let zeroPoints = student.spec.activationZeroPoints.map(Int64.init)
        var layers = student.layers[...]
        let extents = student.spec.extents
        for (index, layer) in student.spec.layers.enumerated() {
            let (from, to) = (extents[index], extents[index + 1])
            let (zeroPoint, next) = (zeroPoints[index], zeroPoints[index + 1])
            switch layer {
            case .convolution(_, let kernel, let stride, let dilation),
                .depthwiseConvolution(let kernel, let stride, let dilation):
                let parameters = layers.removeFirst()
                let before = student.spec.padding(at: index).before
                // A depthwise filter reads its own channel alone.
                let depth = parameters.weight.count / to.channels / kernel
                var output: [Int64] = []
                for sample in 0..<to.samples {
                    for filter in 0..<to.channels {
                        var sum = Int64(parameters.bias[filter])
                        for tap in 0..<kernel {
                            let position = sample * stride + tap * dilation - before
                            // Padding counts as the zero point, which adds nothing.
                            guard (0..<from.samples).contains(position) else { continue }
                            for index in 0..<depth {
                                let channel = if case .depthwiseConvolution = layer { filter } else { index }
                                let weight = parameters.weight[(filter * kernel + tap) * depth + index]
                                sum += (activation[position * from.channels + channel] - zeroPoint) * Int64(weight)
                            }
                        }
                        output.append(requantise(sum, parameters, filter, next))
                    }
                }
                activation = output
            case .dense:
                let parameters = layers.removeFirst()
                let sums = (0..<to.channels).map { unit in
                    (0..<from.count).reduce(Int64(parameters.bias[unit])) { sum, input in
                        sum + (activation[input] - zeroPoint) * Int64(parameters.weight[unit * from.count + input])
                    }
                }
                if layers.isEmpty { return sums.map { Int32($0) } }
                activation = sums.indices.map { requantise(sums[$0], parameters, $0, next) }
            case .maxPool(let size): activation = pool(activation, to, size) { $0.max() ?? 0 }
            case .averagePool(let size): activation = pool(activation, to, size, mean)
            case .globalAveragePool: activation = pool(activation, to, from.samples, mean)
            case .globalMaxPool: activation = pool(activation, to, from.samples) { $0.max() ?? 0 }
            case .relu: break
            case .batchNorm, .dropout, .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid, .tanh, .softmax,
                .maxPool2D, .averagePool2D, .gru, .residual:
                preconditionFailure("a validated student has no such layer")
            }
        }
        return activation.map { Int32($0) }
    }

    private static func requantise(
        _ sum: Int64, _ layer: Student.QuantisedLayer, _ output: Int, _ zeroPoint: Int64
    ) -> Int64 {
        let shift = Int64(layer.shift[output])
        return min(255, max(0, ((sum * Int64(layer.multiplier[output]) + (1 << (shift - 1))) >> shift) + zeroPoint))
    }

    private static func mean(_ values: [Int64]) -> Int64 {
        let count = Int64(values.count)
        return (2 * values.reduce(0, +) + count) / (2 * count)
    }

    private static func pool(
        _ activation: [Int64], _ to: NetworkSpec.Extent, _ size: Int, _ reduce: ([Int64]) -> Int64
    ) -> [Int64] {
        (0..<to.count).map { index in
            let (sample, channel) = (index / to.channels, index % to.channels)
            return reduce((0..<size).map { activation[(sample * size + $0) * to.channels + channel] })
        }
    }
}
