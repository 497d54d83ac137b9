import Compression
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

    /// A deployed student as the teacher of the next one: its integers as the floats they stand for.
    ///
    /// - Throws: `DistillationError.badTeacher` if the student's tensors do not fit its network.
    public init(of student: Student) throws(DistillationError) {
        do throws(CompressionError) {
            let scale = DeployedForm.scale(of: student)
            weights = scale.applied(to: try Quantiser.weights(of: student))
        } catch { throw DistillationError(.badTeacher, "\(error)") }
        normalisation = student.normalisation
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

    /// Mean square of what a layer puts out on up to 256 of some windows.
    func featureMeanSquare(_ windows: LabelledWindows, _ indices: [Int], layer: Int) -> Float {
        let count = min(256, indices.count)
        let pass = NetworkPass(spec: spec, capacity: 1, training: false, featureLayer: layer)
        guard count > 0, let features = pass.features else { return 1 }
        pass.load(weights)
        let normaliser = Normaliser(normalisation)
        var sum = 0.0
        for position in 0..<count {
            let start = indices[position * indices.count / count] * windows.windowSize
            windows.values.withUnsafeBufferPointer { values in
                guard let base = values.baseAddress else { return }
                normaliser.apply(base + start, samples: windows.samples, into: pass.input.window(0))
            }
            pass.forward(count: 1, training: false)
            for index in 0..<features.count {
                let value = Double(features.values.window(0)[index])
                sum += value * value
            }
        }
        return Float(sum / Double(count * features.count))
    }
}

extension [TrainedTeacher] {
    /// The mean of what teachers say of windows.
    ///
    /// - Returns: (windows × outputs), row-major.
    func meanLogits(_ windows: LabelledWindows, pool: ComputePool) -> [Float] {
        var sum = [Float](repeating: 0, count: windows.count * (first?.spec.outputs ?? 0))
        for teacher in self {
            let own = NetworkEvaluator(teacher.weights, Normaliser(teacher.normalisation), pool: pool).logits(windows)
            for index in sum.indices { sum[index] += own[index] / Float(count) }
        }
        return sum
    }
}
