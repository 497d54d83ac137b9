import Compression
import Inference
public import ModelArtifact
public import NeuralNetwork

extension FloatNetwork {
    /// A teacher, or a student before its integers, as edges run floats: batch norm folded, with two golden vectors.
    ///
    /// - Parameters:
    ///   - weights: with or without batch norm.
    ///   - precision: of the weights in the file; golden vectors are those of the rounded ones.
    /// - Throws: `DistillationError.badNetwork` where edges cannot run its layers.
    public init(
        _ weights: NetworkWeights, task: TaskDocument, normalisation: Student.Normalisation,
        gate: Student.Gate = Student.Gate(temperature: 1, threshold: 0), precision: Precision
    ) throws(DistillationError) {
        do {
            let folded = try weights.folded()
            let layers = folded.spec.weightedLayers.map { index in
                func values(_ role: ParameterLayout.Role) -> [Float] {
                    let entry = folded.layout.values.first { $0.layer == index && $0.role == role }
                    return entry.map { Array(folded.values[$0.range]) } ?? []
                }
                return Layer(weight: values(.weight), bias: values(.bias))
            }
            self = FloatNetwork(
                task: task, spec: folded.spec, normalisation: normalisation, layers: layers, gate: gate
            ).stored(as: precision)
            let engine = try FloatEngine(self)
            var random = RandomSource(seed: 1)
            golden = try (0..<2).map { _ in
                let input = (0..<folded.spec.samples).flatMap { _ in
                    zip(normalisation.mean, normalisation.standardDeviation).map { $0 + $1 * random.normal() }
                }
                return GoldenVector(input: input, logits: try engine.logits(input))
            }
            try validate()
        } catch {
            throw DistillationError(.badNetwork, "\(error)")
        }
    }

    /// A student's integers as the floats that they stand for.
    ///
    /// - Throws: `DistillationError.badNetwork` where the student is not valid.
    public init(_ student: Student, precision: Precision) throws(DistillationError) {
        let weights: NetworkWeights
        do { weights = try Quantiser.weights(of: student) } catch { throw DistillationError(.badNetwork, "\(error)") }
        try self.init(
            weights, task: student.task, normalisation: student.normalisation, gate: student.gate,
            precision: precision)
    }
}
