import ModelArtifact

/// What stands before the first layer of a graph: each channel times a factor, plus an offset.
struct ONNXNormalisation {
    private var factor: [Float]
    private var offset: [Float]

    init(channels: Int) {
        factor = Array(repeating: 1, count: channels)
        offset = Array(repeating: 0, count: channels)
    }

    /// Takes an operator with a constant along.
    ///
    /// - Parameters:
    ///   - type: `Add`, `Sub`, `Mul` or `Div`.
    ///   - values: one, or one a channel.
    mutating func apply(_ type: String, _ values: [Float]) {
        for channel in factor.indices {
            let value = values[values.count == 1 ? 0 : channel]
            switch type {
            case "Add": offset[channel] += value
            case "Sub": offset[channel] -= value
            case "Mul":
                factor[channel] *= value
                offset[channel] *= value
            default:
                factor[channel] /= value
                offset[channel] /= value
            }
        }
    }

    /// - Throws: ``ExchangeError`` `.unsupported` where a factor is not above 0.
    func made() throws(ExchangeError) -> Student.Normalisation {
        let deviation = factor.map { 1 / $0 }
        let mean = zip(offset, factor).map { 0 - $0 / $1 }
        guard deviation.allSatisfy({ $0.isNormal && $0 > 0 }), mean.allSatisfy(\.isFinite) else {
            throw ExchangeError(.unsupported, "a channel of the input is scaled by a factor that is not above 0")
        }
        return Student.Normalisation(mean: mean, standardDeviation: deviation)
    }
}
