import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a process has used so far, as Linux tells it.
package struct ProcessUsage: Sendable {
    /// User and system time.
    package var processorSeconds: Double
    /// Memory in use, shared or not.
    package var residentBytes: Int
    /// Memory that no other process shares.
    package var privateBytes: Int

    /// - Throws: `Errno` where there is no such process.
    package init(of process: Int32) throws {
        // The name, which may hold anything, ends with the last parenthesis; the 14th and 15th fields are ticks.
        let status = try Self.text("/proc/\(process)/stat")
        let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
        let ticks = fields.count > 13 ? (Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0) : 0
        processorSeconds = ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        let memory = try Self.text("/proc/\(process)/smaps_rollup").split(separator: "\n")
        func sum(_ name: String) -> Int {
            memory.filter { $0.hasPrefix(name) }
                .reduce(0) { $0 + (Int($1.split(separator: " ").dropFirst().first ?? "") ?? 0) * 1024 }
        }
        residentBytes = sum("Rss:")
        privateBytes = sum("Private_")
    }

    private static func text(_ path: String) throws -> String {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 8192)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return String(decoding: bytes, as: UTF8.self) }
                bytes += buffer[..<count]
            }
        }
    }
}
