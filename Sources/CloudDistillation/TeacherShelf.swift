import Foundation
import ModelArtifact
import Synchronization
import Telemetry

/// The teacher of each model, kept as a safetensors file so that later jobs and restarts reuse it.
final class TeacherShelf: Sendable {
    private let folder: URL
    private let state = Mutex(State())

    private struct State {
        var teachers: [String: KeptTeacher] = [:]
        /// Of every teacher that was on the shelf since the process started: verdicts are still on their way when a new one
        /// takes its place.
        var names: Set<String> = []

        mutating func put(_ teacher: KeptTeacher) {
            teachers[teacher.model.task.name] = teacher
            names.insert(teacher.digest.short)
        }
    }

    /// - Throws: where the folder cannot be made.
    init(stateDirectory: String) throws {
        folder = URL(fileURLWithPath: stateDirectory).appendingPathComponent("teachers", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    subscript(model: String) -> KeptTeacher? { state.withLock { $0.teachers[model] } }

    /// Whether verdicts that name this teacher are our own.
    func knows(_ teacher: String) -> Bool { state.withLock { $0.names.contains(teacher) } }

    /// Reads every teacher that was kept.
    ///
    /// - Returns: the files that cannot be used and why; they stay where they are until a new teacher replaces them.
    func restore(with engine: any TrainingEngine) throws -> [(file: String, reason: String)] {
        var unusable: [(file: String, reason: String)] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where file.hasSuffix(Self.suffix) {
            do {
                let bytes = try Data(contentsOf: folder.appendingPathComponent(file))
                let teacher = KeptTeacher(try engine.teacher(decoding: Array(bytes)))
                guard Self.name(teacher.model.task.name) == file else {
                    unusable.append((file, "it holds a teacher of \(teacher.model.task.name)"))
                    continue
                }
                state.withLock { $0.put(teacher) }
            } catch {
                unusable.append((file, String(describing: error)))
            }
        }
        return unusable
    }

    /// Puts a teacher on the shelf; it takes the place of the model's last one once its file is whole.
    func keep(_ teacher: KeptTeacher) throws {
        let name = teacher.model.task.name
        // A model's name is a slug, so it is a file name as well.
        precondition(Slug.isValid(name), "a model's name is a slug")
        try Data(teacher.model.file).write(to: folder.appendingPathComponent(Self.name(name)), options: .atomic)
        state.withLock { $0.put(teacher) }
    }

    private static let suffix = ".safetensors"
    private static func name(_ model: String) -> String { model + suffix }
}
