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

    /// Random weights of a deviation that keeps the size of signals: √(2 / inputs) before a rectifier,
    /// √(2 / (inputs + outputs)) before an activation that saturates and in recurrent layers, √(1 / inputs) in the last
    /// layer; orthogonal on a recurrent layer's own state. Biases are 0.
    ///
    /// - Source: He et al. 2015, arXiv:1502.01852, eq. 10; Glorot & Bengio 2010, PMLR 9, eq. 12; Saxe et al. 2014,
    ///   arXiv:1312.6120 (orthogonal).
    public init(spec: NetworkSpec, seed: UInt64) {
        self.spec = spec
        layout = ParameterLayout(spec)
        values = [Float](repeating: 0, count: layout.valueCount)
        statistics = [Float](repeating: 0, count: layout.statisticCount)
        var random = RandomSource(seed: seed)
        let last = layout.values.last { $0.role == .weight && $0.shape.count > 1 }
        for entry in layout.values where entry.role == .weight || entry.role == .recurrentWeight {
            if entry.role == .recurrentWeight {
                let units = entry.shape[1]
                let gates = (0..<3).flatMap { _ in Self.orthogonal(units, &random) }
                values.replaceSubrange(entry.range, with: gates)
            } else if entry.deviation == 0 {
                for index in entry.range { values[index] = 1 }
            } else {
                let inputs = Float(entry.count / entry.shape[0])
                let deviation = entry == last ? (1 / inputs).squareRoot() : entry.deviation
                for index in entry.range { values[index] = deviation * random.normal() }
            }
        }
        for entry in layout.statistics where entry.role == .variance {
            for index in entry.range { statistics[index] = 1 }
        }
    }

    /// A random matrix of orthonormal rows (Gram and Schmidt, twice for the sake of rounding).
    private static func orthogonal(_ size: Int, _ random: inout RandomSource) -> [Float] {
        var matrix: [Float] = []
        for row in 0..<size {
            var vector = (0..<size).map { _ in random.normal() }
            for _ in 0..<2 {
                for other in 0..<row {
                    let before = matrix[other * size..<(other + 1) * size]
                    let product = zip(vector, before).reduce(0) { $0 + $1.0 * $1.1 }
                    vector = zip(vector, before).map { $0 - product * $1 }
                }
            }
            let length = max(1e-6, vector.reduce(0) { $0 + $1 * $1 }.squareRoot())
            matrix += vector.map { $0 / length }
        }
        return matrix
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
            case .weight, .bias, .recurrentWeight, .recurrentBias:
                values.replaceSubrange(entry.range, with: tensor.values)
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
