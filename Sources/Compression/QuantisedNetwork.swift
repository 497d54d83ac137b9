public import ModelArtifact

/// The reference of a student's integer arithmetic: plain loops that follow ``Student``'s specification word by word.
///
/// It makes golden vectors and scores students where they are trained; edges run the tuned runtime, which must give the
/// same logits.
public struct QuantisedNetwork: Sendable {
    public let spec: NetworkSpec
    private let layers: [Student.QuantisedLayer]
    /// Their weights as Int16: compilers know how to multiply pairs of these.
    private let weights: [[Int16]]
    private let mean: [Float]
    /// 1 / (deviation · inputScale).
    private let factor: [Float]
    private let extents: [NetworkSpec.Extent]

    /// - Throws: `CompressionError.unsupportedNetwork` if tensors do not fit the spec.
    public init(
        spec: NetworkSpec, layers: [Student.QuantisedLayer], normalisation: Student.Normalisation, inputScale: Float
    ) throws(CompressionError) {
        let plan = try QuantisationPlan(spec)
        guard plan.layers.count == layers.count, normalisation.mean.count == spec.channels,
            normalisation.standardDeviation.count == spec.channels
        else { throw CompressionError(.unsupportedNetwork, "layers or channels do not fit the spec") }
        for (planned, layer) in zip(plan.layers, layers) {
            let last = planned.index == spec.layers.count - 1
            guard layer.weight.count == planned.outputs * planned.depth, layer.bias.count == planned.outputs,
                layer.multiplier.count == (last ? 0 : planned.outputs),
                layer.shift.count == (last ? 0 : planned.outputs)
            else { throw CompressionError(.unsupportedNetwork, "layer \(planned.index): tensors of another shape") }
        }
        self.spec = spec
        self.layers = layers
        weights = layers.map { $0.weight.map(Int16.init) }
        mean = normalisation.mean
        factor = normalisation.standardDeviation.map { 1 / ($0 * inputScale) }
        extents = spec.extents
    }

    public init(_ student: Student) throws(CompressionError) {
        try self.init(
            spec: student.spec, layers: student.layers, normalisation: student.normalisation,
            inputScale: student.inputScale)
    }

    /// Rounds one raw window, (samples × channels), to the input grid.
    public func quantise(_ window: some Collection<Float>) -> [UInt8] {
        var c = 0
        return [Float](window).map { x in
            let steps = ((x - mean[c]) * factor[c]).rounded(.toNearestOrEven) + 128
            c = c + 1 == mean.count ? 0 : c + 1
            return UInt8(min(max(steps, 0), 255))
        }
    }

    /// Integer logits of one window.
    ///
    /// - Parameter input: (samples × channels), from ``quantise(_:)``.
    public func logits(input: [UInt8]) -> [Int32] {
        precondition(input.count == spec.samples * spec.channels, "an input of the spec's extent")
        var activation = input
        var accumulators: [Int32] = []
        var position = -1
        for (index, layer) in spec.layers.enumerated() {
            switch layer {
            case .convolution(_, let kernel, let stride, _):
                position += 1
                accumulators = convolve(activation, index, position, kernel: kernel, stride: stride)
            case .dense:
                position += 1
                accumulators = dense(activation, position)
            case .relu:
                activation = requantise(accumulators, layers[position])
            case .maxPool(let size):
                activation = pool(activation, index, size: size) { $0.max() ?? 0 }
            case .averagePool(let size):
                activation = pool(activation, index, size: size, Self.mean)
            case .globalAveragePool:
                activation = pool(activation, index, size: extents[index].samples, Self.mean)
            case .batchNorm, .dropout, .depthwiseConvolution, .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid,
                .tanh, .softmax, .maxPool2D, .averagePool2D, .globalMaxPool, .gru, .residual:
                preconditionFailure("a quantisation plan refuses this layer")
            }
        }
        return accumulators
    }

    /// Values without their zero point: padding, which counts as that, adds nothing.
    private func centred(_ input: [UInt8], _ position: Int) -> [Int16] {
        let zero: Int16 = position == 0 ? 128 : 0
        return input.map { Int16($0) - zero }
    }

    private func convolve(_ input: [UInt8], _ index: Int, _ position: Int, kernel: Int, stride: Int) -> [Int32] {
        let extent = extents[index]
        let output = extents[index + 1]
        let before = NetworkSpec.padding(samples: extent.samples, kernel: kernel, stride: stride).before
        let centred = centred(input, position)
        let bias = layers[position].bias
        var result = [Int32](repeating: 0, count: output.count)
        for t in 0..<output.samples {
            let start = t * stride - before
            let taps = max(0, -start)..<min(kernel, extent.samples - start)
            let first = (start + taps.lowerBound) * extent.channels
            let values = centred[first..<first + taps.count * extent.channels]
            for filter in 0..<output.channels {
                let weights = weights[position][((filter * kernel + taps.lowerBound) * extent.channels)...]
                result[t * output.channels + filter] = bias[filter] &+ Self.product(values, weights)
            }
        }
        return result
    }

    private func dense(_ input: [UInt8], _ position: Int) -> [Int32] {
        let centred = centred(input, position)
        return layers[position].bias.enumerated().map { unit, bias in
            bias &+ Self.product(centred[...], weights[position][(unit * input.count)...])
        }
    }

    /// Σ values[k] · weights[k].
    private static func product(_ values: ArraySlice<Int16>, _ weights: ArraySlice<Int16>) -> Int32 {
        precondition(values.count <= weights.count, "a weight for each value")
        return values.withUnsafeBufferPointer { values in
            weights.withUnsafeBufferPointer { weights in
                var sum: Int32 = 0
                for k in 0..<values.count { sum &+= Int32(values[k]) &* Int32(weights[k]) }
                return sum
            }
        }
    }

    private func requantise(_ accumulators: [Int32], _ layer: Student.QuantisedLayer) -> [UInt8] {
        let outputs = layer.multiplier.count
        return accumulators.enumerated().map { index, accumulator in
            let output = index % outputs
            let shift = Int64(layer.shift[output])
            let product = Int64(accumulator) * Int64(layer.multiplier[output])
            return UInt8(min(max((product + (1 << (shift - 1))) >> shift, 0), 255))
        }
    }

    private func pool(_ input: [UInt8], _ index: Int, size: Int, _ reduce: ([UInt8]) -> UInt8) -> [UInt8] {
        let channels = extents[index].channels
        let outputs = extents[index].samples / size
        return (0..<outputs * channels).map { position in
            let (row, c) = (position / channels, position % channels)
            return reduce((0..<size).map { input[(row * size + $0) * channels + c] })
        }
    }

    /// Halves go up.
    private static func mean(_ values: [UInt8]) -> UInt8 {
        let sum = values.reduce(0) { $0 + Int($1) }
        return UInt8((2 * sum + values.count) / (2 * values.count))
    }
}
