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
        } catch { throw CommandFailure(.notThere, "\(path) cannot be read: \(error.localizedDescription)") }
    }

    /// What a file's bytes are read as; an error of the reader names the file.
    static func decoded<T>(_ path: String, _ read: ([UInt8]) throws -> T) throws -> T {
        let bytes = try Self.read(path)
        do { return try read(bytes) } catch { throw CommandFailure(.badData, "\(path): \(error)") }
    }

    /// The file appears whole or not at all.
    static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch { throw CommandFailure(.cannotWrite, "\(path) cannot be written: \(error.localizedDescription)") }
    }

    /// A teacher from `teacher.safetensors` or from another tool's `.onnx`, with what was changed on the way.
    ///
    /// - Returns: also the names of its classes; none where the file knows them by number alone.
    static func teacher(_ path: String) throws -> (teacher: TrainedTeacher, classes: [String], notes: [String]) {
        let bytes = try read(path)
        do {
            guard path.hasSuffix(".onnx") else {
                let (teacher, task, _) = try TrainedTeacher.decode(bytes)
                return (teacher, names(task), [])
            }
            let read = try ONNXImport(bytes)
            let teacher = TrainedTeacher(weights: read.weights, normalisation: read.normalisation)
            return (teacher, read.task.map(names) ?? [], read.notes)
        } catch { throw CommandFailure(.badData, "\(path): \(error)") }
    }

    /// A student that is deployed, to go on from.
    static func base(_ path: String) throws -> Distiller.Base {
        let bytes = try read(path)
        do {
            return Distiller.Base(student: try Student(decoding: bytes), digest: ContentDigest(of: bytes).hex)
        } catch { throw CommandFailure(.badData, "\(path) is no student: \(error)") }
    }

    /// What `retort import` calls the class of an output that nobody named.
    static func numberedClass(_ index: Int) -> String { "class-\(index)" }

    private static func names(_ task: TaskDocument) -> [String] {
        let names = task.classes.map(\.name)
        return names == names.indices.map(numberedClass) ? [] : names
    }
}
