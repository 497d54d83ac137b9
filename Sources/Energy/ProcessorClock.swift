#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Processor time of this process and of the host.
public struct ProcessorClock: Sendable {
    /// Seconds of processor time this process has used, all threads together.
    public var process: @Sendable () -> Double
    /// Seconds of processor time the host has been busy, all cores together; nothing where that is not told.
    public var hostBusy: @Sendable () -> Double?

    public init(process: @escaping @Sendable () -> Double, hostBusy: @escaping @Sendable () -> Double?) {
        self.process = process
        self.hostBusy = hostBusy
    }

    /// The system's clocks.
    ///
    /// - Parameter statistics: `/proc/stat` or, in tests, a file of its form.
    public static func system(statistics: String = "/proc/stat") -> ProcessorClock {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        return ProcessorClock(
            process: {
                var time = timespec()
                guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
                return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
            },
            hostBusy: {
                do throws(EnergyError) {
                    return busySeconds(try SystemFile.text(statistics), ticksPerSecond: ticks)
                } catch { return nil }
            })
    }

    /// Reads the `cpu` line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal, ...
    static func busySeconds(_ text: String, ticksPerSecond: Double) -> Double? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") }) else { return nil }
        let fields = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard fields.count >= 7, ticksPerSecond > 0 else { return nil }
        // Idle and waiting for input are not busy; stolen time was spent by other guests; guest time is within user.
        return (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / ticksPerSecond
    }
}
