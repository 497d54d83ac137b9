import Distillation
import Foundation
import JSON
import ModelArtifact
import NeuralNetwork

/// The teacher's file: safetensors whose metadata holds task, spec, normalisation and report.
extension EngineTeacher {
    private static let format = "1"

    static func encode(_ task: TaskDocument, _ teacher: TrainedTeacher, _ report: JSONObject) -> [UInt8] {
        func floats(_ values: [Float]) -> JSONValue { .array(values.map { JSONValue(exactly: Double($0)) }) }
        let normalisation: JSONObject = [
            "mean": floats(teacher.normalisation.mean),
            "standardDeviation": floats(teacher.normalisation.standardDeviation),
        ]
        return Safetensors(
            metadata: [
                "retort.teacher": format, "task": task.json.text, "spec": teacher.spec.json.text,
                "normalisation": JSONValue.object(normalisation).text, "report": JSONValue.object(report).text,
            ],
            tensors: teacher.weights.tensors.map {
                SafetensorsTensor(name: $0.name, shape: $0.shape, $0.values)
            }
        ).encode()
    }

    /// Reads a teacher back.
    ///
    /// - Throws: `ArtifactError`, `JSONError` or `NetworkError` that says what is wrong with the file.
    init(decoding file: [UInt8]) throws {
        let content = try Safetensors(decoding: file)
        guard try content.string("retort.teacher") == Self.format else {
            throw ArtifactError(.unsupportedFormat, "this version reads teachers of format \(Self.format)")
        }
        task = try TaskDocument(json: JSONValue(parsing: content.string("task")))
        let spec = try NetworkSpec(json: JSONValue(parsing: content.string("spec")))
        let reader = try JSONObjectReader(JSONValue(parsing: content.string("normalisation")))
        let normalisation = Student.Normalisation(
            mean: try reader.numbers("mean").map(Float.init),
            standardDeviation: try reader.numbers("standardDeviation").map(Float.init))
        guard spec.samples == task.window, spec.channels == task.channels.count, spec.outputs == task.outputs,
            normalisation.mean.count == spec.channels, normalisation.standardDeviation.count == spec.channels,
            normalisation.mean.allSatisfy(\.isFinite),
            normalisation.standardDeviation.allSatisfy({ $0 > 0 && $0.isFinite })
        else { throw ArtifactError(.inconsistent, "the teacher's network or normalisation does not fit its task") }
        report = try JSONValue(parsing: content.string("report")).object ?? [:]
        let tensors = try content.tensors.map {
            NetworkWeights.Tensor(name: $0.name, shape: $0.shape, values: try $0.floats())
        }
        teacher = TrainedTeacher(
            weights: try NetworkWeights(spec: spec, tensors: tensors), normalisation: normalisation)
        self.file = file
    }

    static func exponential(_ value: Double) -> Double { exp(value) }
}
