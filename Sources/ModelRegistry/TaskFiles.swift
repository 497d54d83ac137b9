import Foundation
import JSON
import ModelArtifact
import ServiceRuntime

/// The task files of a folder.
enum TaskFiles {
    /// A task file that was read.
    struct File {
        var name: String
        var digest: String
        var task: TaskDocument
    }

    /// Reads all `*.json` of a folder, by name.
    ///
    /// - Throws: `ConfigurationError` that names the file: an operator's mistake stops the start.
    static func read(_ folder: String) throws(ConfigurationError) -> [File] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
                .filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
        } catch {
            throw ConfigurationError(
                key: "registry.tasks", "registry.tasks: cannot read \(folder): \(error.localizedDescription)")
        }
        var files: [File] = []
        for name in names {
            do {
                let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
                let task = try TaskDocument(json: JSONValue(parsing: bytes, maximumBytes: 1 << 20))
                files.append(File(name: name, digest: ContentDigest(of: bytes).hex, task: task))
            } catch {
                throw ConfigurationError(key: "registry.tasks", "the task file \(folder)/\(name): \(error)")
            }
        }
        return files
    }
}
