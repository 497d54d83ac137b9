#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file open for reading; closed with the last reference.
final class RecordingFile {
    private let descriptor: Int32
    private let path: String

    init(path: String) throws(RecordingError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw RecordingError(.unreadable, "cannot be opened: \(String(cString: strerror(errno)))", file: path)
        }
    }

    deinit { close(descriptor) }

    /// Whether a path leads to a folder.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The next bytes; nothing at the end.
    func read() throws -> [UInt8]? {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            repeat {
                let got = unistdRead(descriptor, buffer.baseAddress, buffer.count)
                count = max(0, got)
                failure = got < 0 ? errno : 0
            } while failure == EINTR
        }
        guard failure == 0 else {
            throw RecordingError(.unreadable, "cannot be read: \(String(cString: strerror(failure)))", file: path)
        }
        return bytes.isEmpty ? nil : bytes
    }
}

private func unistdRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
