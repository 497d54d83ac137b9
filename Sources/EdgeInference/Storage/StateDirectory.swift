#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder of files that survive a loss of power: each is replaced whole or not at all.
struct StateDirectory: Sendable {
    let path: String
    private let watcher: (any DiskWatcher)?

    /// Uses a folder, making it and those above it.
    ///
    /// - Throws: ``EdgeError`` `.storage`.
    init(_ path: String, watcher: (any DiskWatcher)? = nil) throws(EdgeError) {
        self.path = path
        self.watcher = watcher
        var folder = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            let above = folder.isEmpty ? "/" : folder
            folder += "/\(part)"
            guard access(folder, F_OK) != 0 else { continue }
            try watcher?.will(.makeFolder(folder))
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                throw Self.fault("cannot make the folder \(folder)", errno)
            }
            try flush(folder: above)
        }
    }

    /// A folder that others provide: it may not be there, and then reading finds nothing.
    init(existing path: String) {
        self.path = path
        watcher = nil
    }

    func folder(_ name: String) throws(EdgeError) -> StateDirectory {
        try StateDirectory("\(path)/\(name)", watcher: watcher)
    }

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
        let temporary = name + ".new"
        let descriptor = try openToWrite(temporary, empties: true)
        do throws(EdgeError) {
            try write(descriptor, temporary, at: 0, bytes)
            try watcher?.will(.flush(file(temporary)))
            guard fsync(descriptor) == 0 else { throw Self.fault("cannot flush \(file(temporary))", errno) }
        } catch {
            close(descriptor)
            let reason = error
            // Half a file is of no use, and takes space that may be what is missing.
            do throws(EdgeError) { try remove(temporary) } catch { throw reason }
            throw reason
        }
        guard close(descriptor) == 0 else { throw Self.fault("cannot close \(file(temporary))", errno) }
        try watcher?.will(.rename(file(temporary), to: file(name)))
        guard rename(file(temporary), file(name)) == 0 else { throw Self.fault("cannot replace \(file(name))", errno) }
        try flush(folder: path)
    }

    /// Opens a file to read and write, making it where it is missing.
    func openToWrite(_ name: String, empties: Bool) throws(EdgeError) -> Int32 {
        try watcher?.will(.open(file(name), empties: empties))
        let descriptor = open(file(name), O_RDWR | O_CREAT | O_CLOEXEC | (empties ? O_TRUNC : 0), 0o644)
        guard descriptor >= 0 else { throw Self.fault("cannot write \(file(name))", errno) }
        return descriptor
    }

    /// Writes into a file that is open.
    func write(_ descriptor: Int32, _ name: String, at offset: Int, _ bytes: [UInt8]) throws(EdgeError) {
        try watcher?.will(.write(file(name), offset: offset, bytes))
        try Self.write(descriptor, at: offset, bytes, name: file(name))
    }

    /// Takes the space for a file that is open and empty; gives it back where there is not enough.
    func reserve(_ descriptor: Int32, _ name: String, bytes: Int) throws(EdgeError) {
        let failure: Int32
        do throws(EdgeError) {
            try watcher?.will(.reserve(file(name), bytes: bytes))
            failure = posix_fallocate(descriptor, 0, off_t(bytes))
        } catch {
            try remove(name)
            throw error
        }
        guard failure == 0 else {
            try remove(name)
            throw Self.fault("cannot reserve \(bytes) bytes for \(file(name))", failure)
        }
    }

    /// Removes a file that may be there.
    func remove(_ name: String) throws(EdgeError) {
        guard access(file(name), F_OK) == 0 else { return }
        try watcher?.will(.remove(file(name)))
        guard unlink(file(name)) == 0 || errno == ENOENT else { throw Self.fault("cannot remove \(file(name))", errno) }
    }

    /// Makes renames and removals in a folder survive a loss of power.
    private func flush(folder: String) throws(EdgeError) {
        try watcher?.will(.flushFolder(folder))
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.fault("cannot open the folder \(folder)", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.fault("cannot flush the folder \(folder)", errno) }
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
