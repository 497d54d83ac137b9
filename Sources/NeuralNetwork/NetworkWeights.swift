public import ModelArtifact

/// A network with its trained values, in float32.
public struct NetworkWeights: Sendable, Equatable {
    public let spec: NetworkSpec
    public let layout: ParameterLayout
    /// Trained values, as ``layout`` orders them.
    public var values: [Float]
    /// Batch norm's running moments, as ``layout`` orders them.
    public var statistics: [Float]

    /// One named tensor, row-major.
    public struct Tensor: Sendable, Equatable {
        public var name: String
        public var shape: [Int]
        public var values: [Float]
        public init(name: String, shape: [Int], values: [Float]) {
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    /// Random weights: normal with deviation √(2 / inputs) before a ReLU and √(1 / inputs) in the last layer.
    ///
    /// - Source: He et al. 2015, arXiv:1502.01852, eq. 10.
    public init(spec: NetworkSpec, seed: UInt64) {
        self.spec = spec
        layout = ParameterLayout(spec)
        values = [Float](repeating: 0, count: layout.valueCount)
        statistics = [Float](repeating: 0, count: layout.statisticCount)
        var random = RandomSource(seed: seed)
        let last = layout.values.last { $0.role == .weight && $0.shape.count > 1 }
        for entry in layout.values where entry.role == .weight {
            if case .batchNorm = spec.layers[entry.layer] {
                for index in entry.range { values[index] = 1 }
                continue
            }
            let inputs = Float(entry.count / entry.shape[0])
            let deviation = ((entry == last ? 1 : 2) / inputs).squareRoot()
            for index in entry.range { values[index] = deviation * random.normal() }
        }
        for entry in layout.statistics where entry.role == .variance {
            for index in entry.range { statistics[index] = 1 }
        }
    }

    /// Reads named tensors back.
    ///
    /// - Throws: `NetworkError` if one is missing, has another shape, is not finite, or a variance is negative.
    public init(spec: NetworkSpec, tensors: [Tensor]) throws(NetworkError) {
        self.spec = spec
        layout = ParameterLayout(spec)
        values = [Float](repeating: 0, count: layout.valueCount)
        statistics = [Float](repeating: 0, count: layout.statisticCount)
        let named = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in layout.values + layout.statistics {
            guard let tensor = named[entry.name] else {
                throw NetworkError(.missingTensor, "\(entry.name) is missing")
            }
            guard tensor.shape == entry.shape, tensor.values.count == entry.count else {
                throw NetworkError(.shapeMismatch, "\(entry.name) is \(tensor.shape), not \(entry.shape)")
            }
            guard tensor.values.allSatisfy(\.isFinite) else {
                throw NetworkError(.notFinite, "\(entry.name) has values that are not finite")
            }
            switch entry.role {
            case .weight, .bias: values.replaceSubrange(entry.range, with: tensor.values)
            case .mean, .variance:
                guard entry.role == .mean || tensor.values.allSatisfy({ $0 >= 0 }) else {
                    throw NetworkError(.notFinite, "\(entry.name) has a negative variance")
                }
                statistics.replaceSubrange(entry.range, with: tensor.values)
            }
        }
    }

    /// Every tensor by name, in order.
    public var tensors: [Tensor] {
        layout.values.map { Tensor(name: $0.name, shape: $0.shape, values: Array(values[$0.range])) }
            + layout.statistics.map { Tensor(name: $0.name, shape: $0.shape, values: Array(statistics[$0.range])) }
    }
}
