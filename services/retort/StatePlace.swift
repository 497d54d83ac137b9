import FleetConsole
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a run keeps its state: a folder the person named, or a temporary one.
struct StatePlace {
    let path: FilePath
    private let isTemporary: Bool

    init(named name: String?) throws {
        if let name {
            path = FilePath(name).absolute
            isTemporary = false
            return
        }
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(folder)/retort-up-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw FleetConsoleError(
                .failed, "no temporary folder can be made in \(folder) (errno \(errno)); use --state")
        }
        path = FilePath(String(cString: made))
        isTemporary = true
    }

    func write(_ text: String, to file: FilePath) throws {
        let handle = try FileDescriptor.open(
            file, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite, .groupRead, .otherRead])
        _ = try handle.closeAfter { try handle.writeAll(Array(text.utf8)) }
    }

    /// After a failure the folder stays, for its logs.
    func removeIfTemporary() async throws {
        guard isTemporary else { return }
        try Self.remove(path)
    }

    private static func remove(_ path: FilePath) throws {
        if unlink(path.string) == 0 { return }
        guard let folder = opendir(path.string) else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { try remove(path.appending(name)) }
        }
        guard rmdir(path.string) == 0 else {
            throw FleetConsoleError(.failed, "\(path.string) cannot be removed (errno \(errno))")
        }
    }
}
