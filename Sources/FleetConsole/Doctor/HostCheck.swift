import Energy
import SystemPackage
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What this machine gives to processes that are started here.
struct HostCheck {
    /// Folders for state, of which the free space is looked at.
    let folders: [String]
    /// Unix seconds.
    let now: Double
    var meterRoots = (rapl: RAPLMeter.defaultRoot, hwmon: HwmonMeter.defaultRoot)

    private static let leastFiles = 1024
    private static let leastBytes = 100_000_000.0

    func run() -> [DoctorFinding] { [files, clock] + folders.map(disk) + meters }

    private var files: DoctorFinding {
        var limit = rlimit()
        #if canImport(Glibc)
            let code = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let code = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        guard code == 0 else { return .ok("host.files", "the limit of open files is not known") }
        let words = "a process that is started here may open \(limit.rlim_cur) files"
        guard limit.rlim_cur < rlim_t(Self.leastFiles) else { return .ok("host.files", words) }
        return .warning(
            "host.files", words, do: "ulimit -n \(Self.leastFiles) or more, or LimitNOFILE= in the systemd unit")
    }

    private var clock: DoctorFinding {
        // Retort was written in 2025: a clock before that was never set.
        guard now > 1_735_689_600, plausibleTimes.contains(now) else {
            return .error(
                "host.clock", "this machine's clock says \(Int(now)) s since 1970, which cannot be",
                do: "set it, and keep it right (systemd-timesyncd, chrony): labels and expiries go by it")
        }
        return .ok("host.clock", "this machine's clock is plausible")
    }

    private func disk(_ folder: String) -> DoctorFinding {
        var space = statvfs()
        guard statvfs(folder, &space) == 0 else {
            return .error(
                "host.disk", "\(folder) cannot be looked at: \(String(cString: strerror(errno)))",
                do: "make it, owned by the user that runs the service")
        }
        let free = Double(space.f_bavail) * Double(space.f_frsize)
        let share = space.f_blocks > 0 ? free / (Double(space.f_blocks) * Double(space.f_frsize)) : 1
        let words = "\(folder) has \(Quantity.bytes(Int(free))) free, \(Quantity.percent(share))"
        let advice = "make room: a full disk stops updates, and the aggregator's records"
        if access(folder, W_OK) != 0 {
            return .warning(
                "host.disk", "\(words), and this user may not write there",
                do: "give the folder to the user that runs the service, or run this as that user")
        }
        if free < Self.leastBytes { return .error("host.disk", words, do: advice) }
        return share < 0.05 ? .warning("host.disk", words, do: advice) : .ok("host.disk", words)
    }

    // MARK: Meters

    private var meters: [DoctorFinding] {
        [
            meter(
                "rapl", "the processor's energy counter", advice: "chmod a+r \(meterRoots.rapl)/intel-rapl:*/energy_uj"
            ) {
                () throws(EnergyError) in _ = try RAPLMeter(root: meterRoots.rapl, cores: 1, now: 0)
            },
            meter("hwmon", "the board's power sensor", advice: "chmod a+r \(meterRoots.hwmon)/*/power1_*") {
                () throws(EnergyError) in _ = try HwmonMeter(root: meterRoots.hwmon, now: 0)
            },
        ]
    }

    private func meter(
        _ name: String, _ what: String, advice: String, _ open: () throws(EnergyError) -> Void
    ) -> DoctorFinding {
        do throws(EnergyError) {
            try open()
            return .ok("host.meter.\(name)", "\(what) can be read")
        } catch {
            switch error.code {
            case .absent: return .ok("host.meter.\(name)", "this machine has none: \(error.message)")
            case .notPermitted:
                return .warning(
                    "host.meter.\(name)", "\(what) is there and this user may not read it: \(error.message)",
                    do:
                        "as root: \(advice) (again after each boot: a udev rule or tmpfiles.d keeps it); until then an edge "
                        + "here models the energy of computing from processor time")
            default: return .warning("host.meter.\(name)", error.message, do: "look at the sensor's files")
            }
        }
    }
}

/// What the one mosquitto of this machine may do.
enum LocalBroker {
    /// Files that its process may open; nothing where there is none, or several, or it may not be looked at.
    static func fileLimit() -> Int? {
        let found = folders().filter { (try? text("/proc/\($0)/comm"))?.hasPrefix("mosquitto\n") == true }
        guard found.count == 1, let limits = try? text("/proc/\(found[0])/limits"),
            let line = limits.split(separator: "\n").first(where: { $0.hasPrefix("Max open files") })
        else { return nil }
        return line.split(separator: " ").dropFirst(3).first.flatMap { Int($0) }
    }

    private static func folders() -> [String] {
        guard let handle = opendir("/proc") else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.allSatisfy(\.isNumber) { names.append(name) }
        }
        return names
    }

    private static func text(_ path: String) throws -> String {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            var buffer = [UInt8](repeating: 0, count: 8192)
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
