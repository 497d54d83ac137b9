import ArgumentParser
import Distillation
import Foundation
import ModelArtifact
import ModelExchange

/// Model files on this machine.
enum ModelFile {
    static func read(_ path: String) throws -> [UInt8] {
        do {
            return try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        } catch { throw ValidationError("\(path) cannot be read: \(error.localizedDescription)") }
    }

    /// The file appears whole or not at all.
    static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch { throw ValidationError("\(path) cannot be written: \(error.localizedDescription)") }
    }

    /// A teacher from `teacher.safetensors` or from another tool's `.onnx`, with what was changed on the way.
    static func teacher(_ path: String) throws -> (teacher: TrainedTeacher, notes: [String]) {
        let bytes = try read(path)
        do {
            guard path.hasSuffix(".onnx") else { return (try TrainedTeacher.decode(bytes).teacher, []) }
            let read = try ONNXImport(bytes)
            return (TrainedTeacher(weights: read.weights, normalisation: read.normalisation), read.notes)
        } catch { throw ValidationError("\(path): \(error)") }
    }
}
