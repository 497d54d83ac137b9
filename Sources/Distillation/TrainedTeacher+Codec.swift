import JSON
public import ModelArtifact
import NeuralNetwork

/// The teacher's file: safetensors whose metadata holds task, spec, normalisation and what else is known.
extension TrainedTeacher {
    private static let format = "1"

    /// - Parameter report: JSON text that is kept beside the weights.
    public func encode(task: TaskDocument, report: String) -> [UInt8] {
        func floats(_ values: [Float]) -> JSONValue { .array(values.map { JSONValue(exactly: Double($0)) }) }
        let normalisation: JSONObject = [
            "mean": floats(normalisation.mean), "standardDeviation": floats(normalisation.standardDeviation),
        ]
        return Safetensors(
            metadata: [
                "retort.teacher": Self.format, "task": task.json.text, "spec": spec.json.text,
                "normalisation": JSONValue.object(normalisation).text, "report": report,
            ],
            tensors: weights.tensors.map { SafetensorsTensor(name: $0.name, shape: $0.shape, $0.values) }
        ).encode()
    }

    /// Reads a teacher back, with its task and report.
    ///
    /// - Throws: `ArtifactError`, `JSONError` or `NetworkError` that says what is wrong with the file.
    public static func decode(
        _ file: [UInt8]
    ) throws -> (teacher: TrainedTeacher, task: TaskDocument, report: String) {
        let content = try Safetensors(decoding: file)
        guard try content.string("retort.teacher") == Self.format else {
            throw ArtifactError(.unsupportedFormat, "this version reads teachers of format \(Self.format)")
        }
        let task = try TaskDocument(json: JSONValue(parsing: content.string("task")))
        let spec = try NetworkSpec(json: JSONValue(parsing: content.string("spec")))
        let reader = try JSONObjectReader(JSONValue(parsing: content.string("normalisation")))
        let normalisation = Student.Normalisation(
            mean: try reader.numbers("mean").map(Float.init),
            standardDeviation: try reader.numbers("standardDeviation").map(Float.init))
        guard spec.samples == task.window, spec.channels == task.channels.count,
            normalisation.mean.count == spec.channels, normalisation.standardDeviation.count == spec.channels,
            normalisation.mean.allSatisfy(\.isFinite),
            normalisation.standardDeviation.allSatisfy({ $0 > 0 && $0.isFinite })
        else { throw ArtifactError(.inconsistent, "the teacher's network or normalisation does not fit its task") }
        let tensors = try content.tensors.map {
            NetworkWeights.Tensor(name: $0.name, shape: $0.shape, values: try $0.floats())
        }
        let teacher = TrainedTeacher(
            weights: try NetworkWeights(spec: spec, tensors: tensors), normalisation: normalisation)
        return (teacher, task, try content.string("report"))
    }
}
