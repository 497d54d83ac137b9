#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder of files that survive a loss of power: each is replaced whole or not at all.
struct StateDirectory: Sendable, Hashable {
    let path: String

    /// Uses a folder, making it and those above it.
    ///
    /// - Throws: ``EdgeError`` `.storage`.
    init(_ path: String) throws(EdgeError) {
        self.path = path
        var folder = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            folder += "/\(part)"
            guard mkdir(folder, 0o755) != 0, errno != EEXIST else { continue }
            let failure = errno
            // A folder above may be there although nothing may be made beside it.
            guard access(folder, F_OK) == 0 else { throw Self.fault("cannot make the folder \(folder)", failure) }
        }
    }

    /// A folder that others provide: it may not be there, and then reading finds nothing.
    init(existing path: String) { self.path = path }

    func folder(_ name: String) throws(EdgeError) -> StateDirectory { try StateDirectory("\(path)/\(name)") }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The whole file; nothing where there is none.
    ///
    /// - Throws: ``EdgeError`` `.storage`, `.tooLarge`.
    func read(_ name: String, limit: Int) throws(EdgeError) -> [UInt8]? {
        let descriptor = open(file(name), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.fault("cannot open \(file(name))", errno)
        }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard size <= limit else {
            throw EdgeError(.tooLarge, "\(file(name)) has \(size) bytes; at most \(limit) are expected")
        }
        return try Self.read(descriptor, at: 0, count: max(0, size), name: file(name))
    }

    /// Replaces a file: after a loss of power it holds either what it held before or all of `bytes`.
    func replace(_ name: String, with bytes: [UInt8]) throws(EdgeError) {
        let temporary = file(name) + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.fault("cannot write \(temporary)", errno) }
        do throws(EdgeError) {
            try Self.write(descriptor, at: 0, bytes, name: temporary)
            guard fsync(descriptor) == 0 else { throw Self.fault("cannot flush \(temporary)", errno) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0 else { throw Self.fault("cannot close \(temporary)", errno) }
        guard rename(temporary, file(name)) == 0 else { throw Self.fault("cannot replace \(file(name))", errno) }
        try flush()
    }

    /// Removes a file that may be there.
    func remove(_ name: String) throws(EdgeError) {
        guard unlink(file(name)) == 0 || errno == ENOENT else { throw Self.fault("cannot remove \(file(name))", errno) }
    }

    /// Makes renames and removals in this folder survive a loss of power.
    func flush() throws(EdgeError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.fault("cannot open the folder \(path)", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.fault("cannot flush the folder \(path)", errno) }
    }

    /// Names of what stands in the folder, sorted.
    func names() throws(EdgeError) -> [String] {
        guard let handle = opendir(path) else { throw Self.fault("cannot list \(path)", errno) }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func read(
        _ descriptor: Int32, at offset: Int, count: Int, name: String
    ) throws(EdgeError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + done }, count - done, offset + done)
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw fault("cannot read \(name)", errno) }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }

    static func write(_ descriptor: Int32, at offset: Int, _ bytes: [UInt8], name: String) throws(EdgeError) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            }
            if put < 0 && errno == EINTR { continue }
            guard put > 0 else { throw fault("cannot write \(name)", errno) }
            done += put
        }
    }

    static func fault(_ action: String, _ code: Int32) -> EdgeError {
        EdgeError(.storage, "\(action): \(String(cString: strerror(code)))")
    }
}
