import Recordings

/// What an external power analyser recorded: watts over time, and where it has one a line that tells inferences.
public struct PowerTrace: Sendable, Equatable {
    /// Seconds, rising.
    public var times: [Double]
    /// Watts, each holding until the next time.
    public var watts: [Double]
    /// Whether an inference ran, as a marker or GPIO column tells; empty without one.
    public var marks: [Bool]

    public init(times: [Double], watts: [Double], marks: [Bool] = []) {
        self.times = times
        self.watts = watts
        self.marks = marks
    }

    /// Reads a CSV file whose header names its columns and their units.
    ///
    /// Columns are `time` (or `timestamp`), `power` or else `current` with `voltage` or a fixed voltage, and `marker` (or
    /// `gpio`, `trigger`, `d0`); units stand in the header as in `current_mA`, `Current(uA)` or `Time (ms)`, and are
    /// seconds, amperes, volts and watts otherwise.
    ///
    /// - Parameters:
    ///   - voltage: of the supply, where the file has only currents.
    ///   - marker: name of the marker's column, where it is none of the usual ones.
    /// - Throws: ``EnergyPlanningError`` `.invalidTrace`, naming the line or what is missing.
    public init(file: String, voltage: Double? = nil, marker: String? = nil) throws(EnergyPlanningError) {
        self.init(times: [], watts: [])
        do {
            var reader = try CSVReader(path: file)
            let columns = try TraceColumns(reader.columns, fixedVoltage: voltage, marker: marker, file: file)
            while try reader.next() {
                let time = try reader.double(columns.time.index) * columns.time.scale
                guard times.last.map({ $0 < time }) ?? true else {
                    throw reader.fault(.field, "the time \(time) s is not after the one before")
                }
                times.append(time)
                watts.append(try columns.watts(reader))
                if let marker = columns.marker { marks.append(try reader.double(marker) != 0) }
            }
        } catch let error as EnergyPlanningError {
            throw error
        } catch { throw EnergyPlanningError(.invalidTrace, "\(error)") }
    }
}

/// Which columns of a trace hold what.
private struct TraceColumns {
    struct Column {
        let index: Int
        /// Brings the column to its SI unit.
        let scale: Double
    }

    private static let scales: [String: Double] = [
        "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1,
        "na": 1e-9, "ua": 1e-6, "µa": 1e-6, "μa": 1e-6, "ma": 1e-3, "a": 1,
        "uw": 1e-6, "µw": 1e-6, "μw": 1e-6, "mw": 1e-3, "w": 1, "mv": 1e-3, "v": 1,
    ]

    let time: Column
    let marker: Int?
    private let power: Column?
    private let current: Column?
    private let voltage: Column?
    private let fixedVoltage: Double?

    init(
        _ names: [String], fixedVoltage: Double?, marker: String?, file: String
    ) throws(EnergyPlanningError) {
        let words = names.map { name in
            name.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        }
        func column(_ wanted: Set<String>) -> Column? {
            guard let index = words.firstIndex(where: { !wanted.isDisjoint(with: $0) }) else { return nil }
            let unit = words[index].count > 1 ? words[index].last.flatMap { Self.scales[$0] } : nil
            return Column(index: index, scale: unit ?? 1)
        }
        guard let time = column(["time", "timestamp", "t"]) else {
            throw EnergyPlanningError(
                .invalidTrace, "\(file): no column is named time or timestamp, only \(names.joined(separator: ", "))")
        }
        self.time = time
        power = column(["power", "watts"])
        current = column(["current", "amps"])
        voltage = column(["voltage", "volts"])
        self.fixedVoltage = fixedVoltage
        guard power != nil || current != nil else {
            throw EnergyPlanningError(
                .invalidTrace, "\(file): no column is named power or current, only \(names.joined(separator: ", "))")
        }
        guard power != nil || voltage != nil || fixedVoltage != nil else {
            throw EnergyPlanningError(
                .invalidTrace, "\(file): it has currents and no voltage; give the supply's with --voltage")
        }
        if let marker {
            guard let index = names.firstIndex(of: marker) else {
                throw EnergyPlanningError(
                    .invalidTrace, "\(file): there is no column \(marker), only \(names.joined(separator: ", "))")
            }
            self.marker = index
        } else {
            self.marker = column(["marker", "gpio", "trigger", "active", "d0"])?.index
        }
    }

    func watts(_ reader: borrowing CSVReader) throws(RecordingError) -> Double {
        if let power { return try reader.double(power.index) * power.scale }
        guard let current else { return 0 }
        let amperes = try reader.double(current.index) * current.scale
        guard let voltage else { return amperes * (fixedVoltage ?? 0) }
        return amperes * (try reader.double(voltage.index)) * voltage.scale
    }
}
