import Glibc

/// Time and memory of this process.
enum ResourceUse {
    /// User and system seconds so far, of all threads.
    static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Peak private memory in MiB: the peak of resident memory less what is mapped from files or shared.
    static func peakMegabytes() throws -> Double {
        guard let file = fopen("/proc/self/status", "r") else { throw BenchmarkError("/proc/self/status is missing") }
        defer { fclose(file) }
        var fields: [String: Int] = [:]
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let parts = text.split { " \t:\n".contains($0) }
            if parts.count >= 2, let value = Int(parts[1]) { fields[String(parts[0])] = value }
        }
        guard let peak = fields["VmHWM"], let file = fields["RssFile"], let shared = fields["RssShmem"] else {
            throw BenchmarkError("/proc/self/status lacks VmHWM, RssFile or RssShmem")
        }
        return Double(peak - file - shared) / 1024
    }
}
