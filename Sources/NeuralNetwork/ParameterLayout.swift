public import ModelArtifact

/// Where each tensor of a network stands in its flat arrays of trained values and of running statistics.
public struct ParameterLayout: Sendable, Equatable {
    public enum Role: String, Sendable {
        case weight
        case bias
        /// Batch norm's running moments: not trained.
        case mean = "running_mean"
        case variance = "running_var"
    }

    public struct Entry: Sendable, Equatable {
        /// `layers.3.weight`.
        public var name: String
        /// Index in ``NetworkSpec/layers``.
        public var layer: Int
        public var role: Role
        public var shape: [Int]
        /// In the flat array of values or, for running moments, of statistics.
        public var offset: Int
        public var count: Int { shape.reduce(1, *) }
        public var range: Range<Int> { offset..<offset + count }
    }

    /// Trained tensors, in order.
    public let values: [Entry]
    /// Running moments, in order.
    public let statistics: [Entry]
    public let valueCount: Int
    public let statisticCount: Int

    public init(_ spec: NetworkSpec) {
        var values: [Entry] = []
        var statistics: [Entry] = []
        var valueCount = 0
        var statisticCount = 0
        func add(_ layer: Int, _ role: Role, _ shape: [Int], to entries: inout [Entry], _ total: inout Int) {
            let entry = Entry(
                name: "layers.\(layer).\(role.rawValue)", layer: layer, role: role, shape: shape, offset: total)
            entries.append(entry)
            total += entry.count
        }
        let extents = spec.extents
        for (index, layer) in spec.layers.enumerated() {
            let input = extents[index]
            switch layer {
            case .convolution(let filters, let kernel, _):
                add(index, .weight, [filters, kernel, input.channels], to: &values, &valueCount)
                add(index, .bias, [filters], to: &values, &valueCount)
            case .dense(let units):
                add(index, .weight, [units, input.count], to: &values, &valueCount)
                add(index, .bias, [units], to: &values, &valueCount)
            case .batchNorm:
                add(index, .weight, [input.channels], to: &values, &valueCount)
                add(index, .bias, [input.channels], to: &values, &valueCount)
                add(index, .mean, [input.channels], to: &statistics, &statisticCount)
                add(index, .variance, [input.channels], to: &statistics, &statisticCount)
            case .relu, .maxPool, .averagePool, .globalAveragePool, .dropout:
                break
            }
        }
        self.values = values
        self.statistics = statistics
        self.valueCount = valueCount
        self.statisticCount = statisticCount
    }

    /// Where a layer's tensor stands in its flat array.
    public func offset(_ layer: Int, _ role: Role) -> Int {
        let entries = role == .mean || role == .variance ? statistics : values
        guard let entry = entries.first(where: { $0.layer == layer && $0.role == role }) else {
            preconditionFailure("layer \(layer) has no \(role.rawValue)")
        }
        return entry.offset
    }
}
