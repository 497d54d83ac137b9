import FleetConsole
import JSON
import ModelArtifact
import Recordings
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Recordings and the task they are played for: one of those that ship, where it fits, else one made from the recordings.
struct RecordedFleet {
    let folder: FilePath
    /// Folder of task files for the registry: the shipped one, or one beside the state with the new task alone.
    let tasks: FilePath
    let model: String

    init(folder: FilePath, tasks: FilePath, state: FilePath) throws {
        self.folder = folder
        let summary = try RecordingInspector.inspect(RecordingFolder(path: folder.string))
        let shipped = try Self.files(in: tasks).map { file in
            do { return try TaskDocument(json: JSONValue(parsing: try Self.bytes(of: file))) } catch {
                throw FleetConsoleError(.invalidOption, "\(file.string): \(error)")
            }
        }
        let task = try summary.task(amongst: shipped)
        model = task.name
        if shipped.contains(task) {
            self.tasks = tasks
            return
        }
        let made = state.appending("tasks")
        for path in [state, made] where mkdir(path.string, 0o755) != 0 && errno != EEXIST {
            throw FleetConsoleError(.failed, "the folder \(path.string) cannot be made (errno \(errno))")
        }
        let file = try FileDescriptor.open(
            made.appending("\(task.name).json"), .writeOnly, options: [.create, .truncate],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        _ = try file.closeAfter { try file.writeAll(Array(task.json.prettyText.utf8)) }
        self.tasks = made
    }

    private static func files(in folder: FilePath) throws -> [FilePath] {
        guard let handle = opendir(folder.string) else {
            throw FleetConsoleError(.invalidOption, "\(folder.string) cannot be read (errno \(errno))")
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".json") { names.append(name) }
        }
        return names.sorted().map { folder.appending($0) }
    }

    private static func bytes(of path: FilePath) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return bytes }
                bytes.append(contentsOf: buffer[..<count])
            }
        }
    }
}
