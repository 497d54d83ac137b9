#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
@testable import EdgeInference

/// A folder that is removed with the last reference.
final class TemporaryFolder: Sendable {
    let directory: StateDirectory
    var path: String { directory.path }

    init() throws {
        var template = Array("/tmp/retort-edge-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StateDirectory.fault("mkdtemp", errno) }
        directory = try StateDirectory(
            String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    deinit { Self.remove(directory.path) }

    /// Writes a file as it is, without care.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let descriptor = open(directory.file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard descriptor >= 0 else { throw StateDirectory.fault("open \(name)", errno) }
        defer { close(descriptor) }
        try StateDirectory.write(descriptor, at: 0, bytes, name: name)
    }

    func read(_ name: String) throws -> [UInt8]? { try directory.read(name, limit: 1 << 26) }

    static func remove(_ path: String) {
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
