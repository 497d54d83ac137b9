import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files that are there wholly or not at all, also after a power cut.
enum DurableFile {
    /// Replaces a file: written beside it, flushed to the disk, then renamed over it.
    ///
    /// - Parameter mode: permissions from the first byte on.
    /// - Throws: ``RegistryError`` `.file`.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t) throws(RegistryError) {
        let folder = (path as NSString).deletingLastPathComponent
        do {
            if !folder.isEmpty {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
        } catch {
            throw RegistryError(.file, "cannot make the folder \(folder): \(error.localizedDescription)", cause: error)
        }
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("make", temporary) }
        do throws(RegistryError) {
            var written = 0
            while written < bytes.count {
                let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw failure("write", temporary) }
                written += count
            }
            guard fsync(descriptor) == 0 else { throw failure("flush", temporary) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let error = failure("rename", temporary)
            unlink(temporary)
            throw error
        }
        let parent = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw failure("open", folder) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw failure("flush", folder) }
    }

    /// The bytes of a file; nothing where there is none.
    ///
    /// - Throws: ``RegistryError`` `.file`.
    static func contents(_ path: String) throws(RegistryError) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw RegistryError(.file, "cannot read \(path): \(error.localizedDescription)", cause: error)
        }
    }

    /// The permissions of a file.
    ///
    /// - Throws: ``RegistryError`` `.file`.
    static func mode(_ path: String) throws(RegistryError) -> mode_t {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("inspect", path) }
        return status.st_mode & 0o777
    }

    private static func failure(_ verb: String, _ path: String) -> RegistryError {
        RegistryError(.file, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
