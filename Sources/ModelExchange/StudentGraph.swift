import ModelArtifact

/// A student as a chain of operators, each with the grids that it reads and writes: what every exporter walks.
struct StudentGraph {
    /// Real value = (code − zeroPoint) · scale, of u8 codes.
    struct Grid: Equatable {
        var zeroPoint: UInt8
        var scale: Float
    }

    /// How a convolution goes along samples, and the padding around what it reads.
    struct Taps: Equatable {
        var kernel: Int
        var stride: Int
        var dilation: Int
        var before: Int
        var after: Int

        init(_ input: NetworkSpec.Extent, kernel: Int, stride: Int, dilation: Int) {
            let padding = NetworkSpec.padding(
                samples: input.samples, kernel: kernel, stride: stride, dilation: dilation)
            (self.kernel, self.stride, self.dilation) = (kernel, stride, dilation)
            (before, after) = (padding.before, padding.after)
        }
    }

    enum Operation: Equatable {
        case convolution(Taps)
        case depthwise(Taps)
        case dense
        case maxPool(size: Int)
        case averagePool(size: Int)

        /// Padding that the operation reads around its input.
        var padding: (before: Int, after: Int) {
            switch self {
            case .convolution(let taps), .depthwise(let taps): (taps.before, taps.after)
            case .dense, .maxPool, .averagePool: (0, 0)
            }
        }
    }

    struct Node {
        /// Position in the spec's layers.
        var position: Int
        var operation: Operation
        var from: NetworkSpec.Extent
        var to: NetworkSpec.Extent
        var input: Grid
        /// Of the last node only the scale holds: that of a logit.
        var output: Grid
        /// Weights, where the operation has some.
        var layer: Student.QuantisedLayer?
        /// A ReLU stands directly behind.
        var isRectified: Bool
        var isLast: Bool
    }

    let nodes: [Node]

    /// - Throws: ``ExchangeError`` `.invalidStudent`.
    init(_ student: Student) throws(ExchangeError) {
        do throws(ArtifactError) { try student.validate() } catch {
            throw ExchangeError(.invalidStudent, error.message, cause: error)
        }
        let layers = student.spec.layers
        let extents = student.spec.extents
        var weighted = student.layers[...]
        // Normalisation and the input's step are one factor, so that a code is what it stands for.
        var grid = Grid(zeroPoint: 128, scale: 1)
        var nodes: [Node] = []
        for (index, layer) in layers.enumerated() {
            let from = extents[index]
            guard let operation = Self.operation(layer, from) else { continue }
            let isRectified = index + 1 < layers.count && layers[index + 1] == .relu
            var output = grid
            var parameters: Student.QuantisedLayer?
            switch operation {
            case .convolution, .depthwise, .dense:
                guard let next = weighted.popFirst() else {
                    throw ExchangeError(.invalidStudent, "layers.\(index) has no weights")
                }
                parameters = next
                output = Grid(zeroPoint: isRectified ? 0 : 128, scale: next.outputScale)
            case .maxPool, .averagePool: break
            }
            nodes.append(
                Node(
                    position: index, operation: operation, from: from, to: extents[index + 1], input: grid,
                    output: output, layer: parameters, isRectified: isRectified, isLast: index == layers.count - 1))
            grid = output
        }
        self.nodes = nodes
    }

    /// - Returns: nothing for a ReLU, which is the clamp of the layer before it.
    private static func operation(_ layer: NetworkSpec.Layer, _ from: NetworkSpec.Extent) -> Operation? {
        switch layer {
        case .convolution(_, let kernel, let stride, let dilation):
            .convolution(Taps(from, kernel: kernel, stride: stride, dilation: dilation))
        case .depthwiseConvolution(let kernel, let stride, let dilation):
            .depthwise(Taps(from, kernel: kernel, stride: stride, dilation: dilation))
        case .dense: .dense
        case .maxPool(let size): .maxPool(size: size)
        case .globalMaxPool: .maxPool(size: from.samples)
        case .averagePool(let size): .averagePool(size: size)
        case .globalAveragePool: .averagePool(size: from.samples)
        case .relu: nil
        case .batchNorm, .dropout, .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid, .tanh, .softmax, .maxPool2D,
            .averagePool2D, .gru, .residual:
            preconditionFailure("a validated student has no such layer")
        }
    }
}

extension Student.QuantisedLayer {
    /// Weights of one output.
    var depth: Int { weight.count / max(1, bias.count) }

    /// Biases with the input's zero point taken off: `acc = bias + Σ a · w` over codes.
    func foldedBias(zeroPoint: UInt8) -> [Int32] {
        bias.indices.map { output in
            let sum = weight[output * depth..<(output + 1) * depth].reduce(Int64(0)) { $0 + Int64($1) }
            return Int32(truncatingIfNeeded: Int64(bias[output]) - Int64(zeroPoint) * sum)
        }
    }
}

extension StudentGraph.Node {
    /// Scale of each output's weights, as requantisation has it: `multiplier · 2^−shift · output scale / input scale`.
    var weightScales: [Float] {
        guard let layer else { return [] }
        if isLast { return layer.bias.map { _ in output.scale / input.scale } }
        let step = Double(output.scale) / Double(input.scale)
        return layer.bias.indices.map { index in
            let factor = Double(sign: .plus, exponent: -Int(layer.shift[index]), significand: 1)
            return Float(Double(layer.multiplier[index]) * factor * step)
        }
    }

    /// Shape of the weights, as a student's file has it.
    var weightShape: [Int] {
        switch operation {
        case .convolution(let taps): [to.channels, taps.kernel, from.channels]
        case .depthwise(let taps): [to.channels, taps.kernel]
        case .dense: [to.channels, from.count]
        case .maxPool, .averagePool: []
        }
    }
}
