/// Reads the processor packages' energy counters (Intel and AMD RAPL through Linux powercap).
///
/// `host` is what all packages used, measured; `compute` is this process's share of it by processor time.
public struct RAPLMeter: EnergyMeter {
    public static let defaultRoot = "/sys/class/powercap"

    private struct Zone: Sendable {
        let path: String
        /// Microjoules at which the counter starts again from 0.
        let range: Double
        var last: Double
    }

    public let name = "rapl"
    private var zones: [Zone]
    private let clock: ProcessorClock
    private var total = 0.0
    private var share = 0.0
    private var shareLow = 0.0
    private var shareHigh = 0.0
    private var lastProcess: Double
    private var lastBusy: Double?
    private var lastRead: Double
    private let cores: Int

    /// - Throws: ``EnergyError`` `.absent` where the machine has no such counter, `.notPermitted` where this user may
    ///   not read it (since Linux 5.10 only root may, unless told otherwise).
    public init(
        root: String = Self.defaultRoot, clock: ProcessorClock = .system(), cores: Int, now: Double
    ) throws(EnergyError) {
        zones = []
        for zone in SystemFile.names(in: root) where Self.isPackageZone(zone) {
            let path = "\(root)/\(zone)"
            guard try SystemFile.line("\(path)/name").hasPrefix("package") else { continue }
            let range = try SystemFile.number("\(path)/max_energy_range_uj")
            let last = try SystemFile.number("\(path)/energy_uj")
            zones.append(Zone(path: path, range: range, last: last))
        }
        guard !zones.isEmpty else { throw EnergyError(.absent, "\(root) has no processor package to meter") }
        self.clock = clock
        self.cores = max(1, cores)
        lastProcess = clock.process()
        lastBusy = clock.hostBusy()
        lastRead = now
    }

    /// `intel-rapl:0`, not its parts `intel-rapl:0:1`, which it includes.
    private static func isPackageZone(_ name: String) -> Bool {
        name.contains("rapl:") && name.split(separator: ":").count == 2
    }

    /// `host` (measured, scope package) and `compute` (apportioned).
    ///
    /// The share is by busy processor time. Its low bound is the share of all processor time there was, busy or not;
    /// its high bound lets this process's work draw twice the average, but never more than the whole.
    public mutating func read(now: Double) throws(EnergyError) -> [String: EnergyFigure] {
        var readings: [Double] = []
        for zone in zones { readings.append(try SystemFile.number("\(zone.path)/energy_uj")) }
        var joules = 0.0
        for index in zones.indices {
            joules += Self.step(from: zones[index].last, to: readings[index], range: zones[index].range) / 1e6
            zones[index].last = readings[index]
        }
        total += joules
        let process = clock.process()
        let busy = clock.hostBusy()
        let used = max(0, process - lastProcess)
        let capacity = max(used, Double(cores) * (now - lastRead))
        var portion = capacity > 0 ? used / capacity : 0
        let least = portion
        if let busy, let lastBusy, busy > lastBusy { portion = min(1, max(portion, used / (busy - lastBusy))) }
        share += joules * portion
        shareLow += joules * least
        shareHigh += joules * min(1, 2 * portion)
        (lastProcess, lastBusy, lastRead) = (process, busy, now)
        return [
            "host": EnergyFigure(
                value: total, low: total, high: total, method: .measured, meter: name, scope: "package"),
            "compute": EnergyFigure(
                value: share, low: shareLow, high: shareHigh, method: .apportioned, meter: name, scope: "package"),
        ]
    }

    /// Microjoules between two readings of a counter that starts again at `range`.
    static func step(from last: Double, to reading: Double, range: Double) -> Double {
        reading >= last ? reading - last : max(0, range - last) + reading
    }
}
