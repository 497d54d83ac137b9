public import ModelArtifact

/// Where each tensor of a network stands in its flat arrays of trained values and of running statistics.
public struct ParameterLayout: Sendable, Equatable {
    public enum Role: String, Sendable {
        case weight
        case bias
        /// A recurrent layer's weights and bias on its own state.
        case recurrentWeight = "weight_hh"
        case recurrentBias = "bias_hh"
        /// Batch norm's running moments: not trained.
        case mean = "running_mean"
        case variance = "running_var"
    }

    public struct Entry: Sendable, Equatable {
        /// `layers.3.weight`.
        public var name: String
        /// Index in ``NetworkSpec/layers``, also of what stands inside of a residual layer.
        public var layer: Int
        public var role: Role
        public var shape: [Int]
        /// In the flat array of values or, for running moments, of statistics.
        public var offset: Int
        /// Deviation of the first weights; 0 where they are not random.
        var deviation: Float
        public var count: Int { shape.reduce(1, *) }
        public var range: Range<Int> { offset..<offset + count }
    }

    /// Trained tensors, in order.
    public private(set) var values: [Entry] = []
    /// Running moments, in order.
    public private(set) var statistics: [Entry] = []
    public private(set) var valueCount = 0
    public private(set) var statisticCount = 0

    public init(_ spec: NetworkSpec) {
        for (index, (layer, input)) in zip(spec.layers, spec.extents).enumerated() {
            add(layer, "layers.\(index)", index, input, before: spec.layers[(index + 1)...])
        }
    }

    private mutating func add(
        _ layer: NetworkSpec.Layer, _ name: String, _ index: Int, _ input: NetworkSpec.Extent,
        before rest: ArraySlice<NetworkSpec.Layer>
    ) {
        func value(_ role: Role, _ shape: [Int], deviation: Float = 0) {
            values.append(
                Entry(
                    name: "\(name).\(role.rawValue)", layer: index, role: role, shape: shape, offset: valueCount,
                    deviation: deviation))
            valueCount += values[values.count - 1].count
        }
        func statistic(_ role: Role) {
            statistics.append(
                Entry(
                    name: "\(name).\(role.rawValue)", layer: index, role: role, shape: [input.channels],
                    offset: statisticCount, deviation: 0))
            statisticCount += input.channels
        }
        func weighted(_ shape: [Int]) {
            let (inputs, outputs) = (Float(shape.dropFirst().reduce(1, *)), Float(shape[0]))
            let variance = Self.saturates(rest) ? 2 / (inputs + outputs) : 2 / inputs
            value(.weight, shape, deviation: variance.squareRoot())
            value(.bias, [shape[0]])
        }
        switch layer {
        case .convolution(let filters, let kernel, _, _): weighted([filters, kernel, input.channels])
        case .depthwiseConvolution(let kernel, _, _): weighted([input.channels, kernel])
        case .convolution2D(let filters, let kernel, _):
            weighted([filters, kernel.rows, kernel.columns, input.channels])
        case .dense(let units): weighted([units, input.count])
        case .gru(let units, _):
            value(
                .weight, [3 * units, input.channels], deviation: (2 / Float(input.channels + units)).squareRoot())
            value(.bias, [3 * units])
            value(.recurrentWeight, [3 * units, units], deviation: 1)
            value(.recurrentBias, [3 * units])
        case .batchNorm:
            value(.weight, [input.channels])
            value(.bias, [input.channels])
            statistic(.mean)
            statistic(.variance)
        case .residual(let block):
            let extents = NetworkSpec.extents(of: block, from: input)
            for (inner, (layer, input)) in zip(block, extents).enumerated() {
                add(layer, "\(name).block.\(inner)", index, input, before: block[(inner + 1)...])
            }
            if extents[block.count] != input {
                // Whatever its stride.
                let projection = NetworkSpec.Layer.convolution(
                    filters: extents[block.count].channels, kernel: 1, stride: 1)
                add(projection, "\(name).shortcut", index, input, before: rest)
            }
        case .spectrogram, .relu, .relu6, .gelu, .sigmoid, .tanh, .softmax, .maxPool, .averagePool, .maxPool2D,
            .averagePool2D, .globalAveragePool, .globalMaxPool, .dropout:
            break
        }
    }

    /// Whether the next activation flattens out on both sides.
    private static func saturates(_ layers: ArraySlice<NetworkSpec.Layer>) -> Bool {
        let next = layers.first { layer in
            if case .dropout = layer { false } else { layer != .batchNorm }
        }
        return next == .sigmoid || next == .tanh || next == .softmax
    }

    /// Where a layer's tensor stands in its flat array.
    public func offset(_ layer: Int, _ role: Role) -> Int { offset("layers.\(layer)", role) }

    /// Where a layer's tensor stands in its flat array.
    ///
    /// - Parameter name: of the layer: `layers.3`, `layers.3.block.0` or `layers.3.shortcut`.
    func offset(_ name: String, _ role: Role) -> Int {
        let tensor = "\(name).\(role.rawValue)"
        guard let entry = (values + statistics).first(where: { $0.name == tensor }) else {
            preconditionFailure("there is no \(tensor)")
        }
        return entry.offset
    }
}
