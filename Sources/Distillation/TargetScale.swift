import ModelArtifact
import NeuralNetwork

/// Offset and step that bring the values of a regression to zero mean and unit deviation: networks are trained on those,
/// and put out real values once they are trained.
struct TargetScale: Sendable, Equatable {
    var mean: Float
    var deviation: Float

    static let identity = TargetScale(mean: 0, deviation: 1)

    /// Of the targets known; the identity for classes.
    init(of windows: LabelledWindows, _ indices: [Int], _ layout: OutputLayout) {
        self = .identity
        guard layout.heads.first?.form == .value else { return }
        let known = indices.map { Double(windows.target($0)) }.filter { !$0.isNaN }
        guard !known.isEmpty else { return }
        let average = known.reduce(0, +) / Double(known.count)
        let variance = known.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(known.count)
        self.init(mean: Float(average), deviation: variance > 1e-12 ? Float(variance.squareRoot()) : 1)
    }

    init(mean: Float, deviation: Float) {
        self.mean = mean
        self.deviation = deviation
    }

    func standardised(_ value: Float) -> Float { (value - mean) / deviation }

    /// The network that puts out real values where `weights` puts out standardised ones.
    ///
    /// - Precondition: the last layer is dense.
    func applied(to weights: NetworkWeights) -> NetworkWeights {
        guard self != .identity else { return weights }
        var result = weights
        let last = weights.spec.layers.count - 1
        for entry in weights.layout.values where entry.layer == last {
            for index in entry.range {
                result.values[index] *= deviation
                if entry.role == .bias { result.values[index] += mean }
            }
        }
        return result
    }
}
