#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder of sensor files like the kernel's, removed with the last reference.
final class SensorFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/retort-sensors-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SensorFolderError(code: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Writes a file, making its folders.
    func write(_ file: String, _ text: String) throws {
        var folder = path
        for part in file.split(separator: "/").dropLast() {
            folder += "/\(part)"
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw SensorFolderError(code: errno) }
        }
        let descriptor = open("\(path)/\(file)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw SensorFolderError(code: errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard writeBytes(descriptor, bytes) == bytes.count else { throw SensorFolderError(code: errno) }
    }

    /// Takes everybody's right to read a file, and lets everybody look into the folder.
    func forbid(_ file: String) throws {
        guard chmod(path, 0o755) == 0, chmod("\(path)/\(file)", 0) == 0 else { throw SensorFolderError(code: errno) }
    }

    /// Reads files with the rights of nobody, on this thread alone: root may read whatever a file's mode says.
    func asNobody<T>(_ body: () -> T) -> T {
        #if os(Linux)
            // From setfsuid(2): the calling thread's filesystem user; leaving 0 drops the right to pass by modes. Its
            // header is in no module.
            typealias SetUser = @convention(c) (UInt32) -> Int32
            guard let symbol = dlsym(nil, "setfsuid") else { return body() }
            let setUser = unsafeBitCast(symbol, to: SetUser.self)
            let user = UInt32(bitPattern: setUser(65_534))
            defer { _ = setUser(user) }
        #endif
        return body()
    }

    private static func remove(_ path: String) {
        if let handle = opendir(path) {
            while let entry = readdir(handle) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(handle)
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}

struct SensorFolderError: Error { let code: Int32 }

private func writeBytes(_ descriptor: Int32, _ bytes: [UInt8]) -> Int { write(descriptor, bytes, bytes.count) }
