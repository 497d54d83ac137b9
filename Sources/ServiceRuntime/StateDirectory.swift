public import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder for what must survive a restart, held by one process at a time.
public final class StateDirectory: Sendable {
    public let path: FilePath
    private let lock: FileDescriptor

    /// Makes the folder where it is missing, and takes it.
    ///
    /// - Throws: ``ConfigurationError`` where that fails or another process has it.
    public init(_ path: FilePath) throws(ConfigurationError) {
        self.path = path
        do {
            try Self.make(path)
            lock = try FileDescriptor.open(
                path.appending("lock"), .readWrite, options: [.create, .closeOnExec],
                permissions: [.ownerReadWrite])
        } catch {
            throw ConfigurationError(key: "service.state", "service.state: \(path): \(error)")
        }
        // The system gives the lock back when the process ends, however it ends.
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            _ = close(lock.rawValue)
            throw ConfigurationError(
                key: "service.state",
                "service.state: another process uses \(path); give each its own instance or folder")
        }
    }

    deinit { _ = close(lock.rawValue) }

    /// Makes a folder with those above it.
    static func make(_ path: FilePath) throws {
        var made = FilePath(root: path.root)
        for component in path.components {
            made.append(component)
            guard mkdir(made.string, 0o755) == 0 || errno == EEXIST || errno == EROFS else {
                // A folder above may be there without our being allowed to write beside it.
                if access(made.string, F_OK) == 0 { continue }
                throw Errno(rawValue: errno)
            }
        }
        guard access(path.string, W_OK) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Reads a small file whole.
    package static func read(_ path: FilePath, limit: Int) throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        return try file.closeAfter {
            var bytes: [UInt8] = []
            while bytes.count <= limit {
                let chunk = try [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if chunk.isEmpty { return bytes }
                bytes += chunk
            }
            throw ConfigurationError("more than \(limit) bytes")
        }
    }

    /// Replaces a file so that a reader sees the old content or the new, never a part.
    package static func replace(_ path: FilePath, with bytes: [UInt8]) throws {
        let temporary = FilePath(path.string + ".new")
        let file = try FileDescriptor.open(
            temporary, .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(bytes) }
        guard rename(temporary.string, path.string) == 0 else { throw Errno(rawValue: errno) }
    }
}
