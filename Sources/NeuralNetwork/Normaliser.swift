public import ModelArtifact

/// Brings raw channels to zero mean and unit deviation.
public struct Normaliser: Sendable, Equatable {
    public let normalisation: Student.Normalisation
    private let inverse: [Float]

    public init(_ normalisation: Student.Normalisation) {
        self.normalisation = normalisation
        inverse = normalisation.standardDeviation.map { 1 / $0 }
    }

    /// Mean and deviation of each channel over all windows; a channel that never moves gets deviation 1.
    ///
    /// - Parameter spheres: groups of channels that are one vector in space and may be rotated: they share one deviation
    ///   and have mean 0, so that normalising and rotating commute.
    public init(of windows: LabelledWindows, spheres: [[Int]] = []) {
        let channels = windows.channels
        var sums = [Double](repeating: 0, count: channels)
        var squares = sums
        windows.values.withUnsafeBufferPointer { values in
            for row in stride(from: 0, to: values.count, by: channels) {
                for c in 0..<channels {
                    let x = Double(values[row + c])
                    sums[c] += x
                    squares[c] += x * x
                }
            }
        }
        let count = Double(max(1, windows.count * windows.samples))
        var mean = sums.map { $0 / count }
        var variance = zip(squares, mean).map { max(0, $0 / count - $1 * $1) }
        for sphere in spheres {
            let shared = sphere.reduce(0) { $0 + squares[$1] / count } / Double(sphere.count)
            for c in sphere {
                mean[c] = 0
                variance[c] = shared
            }
        }
        self.init(
            Student.Normalisation(
                mean: mean.map(Float.init),
                standardDeviation: variance.map { $0 > 1e-12 ? Float($0.squareRoot()) : 1 }))
    }

    /// (samples × channels) raw to normalised.
    package func apply(
        _ raw: UnsafePointer<Float>, samples: Int, into result: UnsafeMutablePointer<Float>
    ) {
        let channels = inverse.count
        normalisation.mean.withUnsafeBufferPointer { mean in
            inverse.withUnsafeBufferPointer { inverse in
                for row in 0..<samples {
                    for c in 0..<channels {
                        result[row * channels + c] = (raw[row * channels + c] - mean[c]) * inverse[c]
                    }
                }
            }
        }
    }
}
