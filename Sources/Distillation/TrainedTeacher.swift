public import ModelArtifact
public import NeuralNetwork

/// A teacher: a float network with the normalisation it was trained on.
public struct TrainedTeacher: Sendable, Equatable {
    public let weights: NetworkWeights
    public let normalisation: Student.Normalisation

    public init(weights: NetworkWeights, normalisation: Student.Normalisation) {
        self.weights = weights
        self.normalisation = normalisation
    }

    public var spec: NetworkSpec { weights.spec }

    /// Logits of windows in raw units.
    ///
    /// - Returns: (windows × outputs), row-major.
    /// - Throws: `NetworkError` if the windows have another shape than the teacher's.
    public func logits(_ windows: LabelledWindows, threads: Int = 1) throws(NetworkError) -> [Float] {
        guard windows.samples == spec.samples, windows.channels == spec.channels else {
            throw NetworkError(
                .shapeMismatch,
                "windows of \(windows.samples) × \(windows.channels) for a teacher of \(spec.samples) × \(spec.channels)"
            )
        }
        let pool = ComputePool(threads: threads)
        return NetworkEvaluator(weights, Normaliser(normalisation), pool: pool).logits(windows)
    }
}
