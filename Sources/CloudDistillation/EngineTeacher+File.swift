import Distillation
import Foundation
import JSON
import ModelArtifact

extension EngineTeacher {
    /// Reads a teacher back.
    ///
    /// - Throws: `ArtifactError`, `JSONError` or `NetworkError` that says what is wrong with the file.
    init(decoding file: [UInt8]) throws {
        let content = try TrainedTeacher.decode(file)
        guard content.teacher.spec.outputs == content.task.outputs else {
            throw ArtifactError(.inconsistent, "the teacher's outputs are not those of its task")
        }
        task = content.task
        teacher = content.teacher
        report = try JSONValue(parsing: content.report).object ?? [:]
        self.file = file
    }

    static func exponential(_ value: Double) -> Double { exp(value) }
}
