#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The small files in which Linux shows its sensors.
enum SystemFile {
    /// Largest file read: sensors have a line, `/proc/stat` a few kilobytes.
    static let limit = 65_536

    static func text(_ path: String) throws(EnergyError) -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }

    /// The first `limit` bytes of a file.
    static func bytes(_ path: String, limit: Int) throws(EnergyError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw fault(path, errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let more = bytes.withUnsafeMutableBytes {
                read(descriptor, $0.baseAddress?.advanced(by: count), limit - count)
            }
            guard more >= 0 else { throw fault(path, errno) }
            if more == 0 { break }
            count += more
        }
        return Array(bytes[..<count])
    }

    /// The one number a sensor's file holds.
    static func number(_ path: String) throws(EnergyError) -> Double {
        let text = try line(path)
        guard let value = Double(text), value.isFinite, value >= 0 else {
            throw EnergyError(.malformed, "\(path) holds \"\(text.prefix(40))\", no number")
        }
        return value
    }

    static func line(_ path: String) throws(EnergyError) -> String {
        let text = try text(path)
        return String(text.prefix { $0 != "\n" })
    }

    /// Names in a directory, sorted; empty where there is none.
    static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
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

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func fault(_ path: String, _ code: Int32) -> EnergyError {
        switch code {
        case ENOENT, ENOTDIR, ENODEV: EnergyError(.absent, "\(path) is not there")
        case EACCES, EPERM:
            EnergyError(.notPermitted, "\(path) may not be read: give this user read access to use the meter")
        default: EnergyError(.unreadable, "\(path): \(String(cString: strerror(code)))")
        }
    }
}
