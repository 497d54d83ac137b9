import Storage
import Telemetry

/// Counts as bytes, which is how roll-ups are stored: numbers as zigzag LEB128, so that most take one or two bytes.
extension Tally {
    private static let form: UInt8 = 1

    var bytesStored: [UInt8] {
        var writer = TallyWriter()
        writer.bytes.append(Self.form)
        // An extent without windows is written as 0, 0.
        let extent = from <= to ? [Int(from), Int(to)] : [0, 0]
        for number in [decisions, byCloud] + extent + [verdicts, agreements] { writer.append(number) }
        let buckets = latency.buckets.sorted { $0.key < $1.key }
        writer.append(buckets.count)
        for (bucket, count) in buckets {
            writer.append(Int(bucket))
            writer.append(count)
        }
        writer.append(truth)
        writer.append(label)
        writer.append(metered)
        writer.append(joules.count)
        for (cause, count) in joules.sorted(by: { $0.key < $1.key }) {
            writer.append(cause)
            for number in [count.value, count.low, count.high] { writer.append(number) }
            writer.append(EnergyMessage.Method.allCases.firstIndex(of: count.method) ?? 0)
        }
        writer.append(bytes.count)
        for (cause, count) in bytes.sorted(by: { $0.key < $1.key }) {
            writer.append(cause)
            writer.append(count)
        }
        return writer.bytes
    }

    /// - Throws: `StorageError` `.unexpectedValue` where the bytes are damaged.
    init(stored bytes: [UInt8]) throws(StorageError) {
        var reader = TallyReader(bytes)
        guard try reader.byte() == Self.form else { throw TallyReader.damaged }
        decisions = try reader.integer()
        byCloud = try reader.integer()
        let extent = (from: try reader.integer(), to: try reader.integer())
        if extent != (0, 0) {
            from = Int64(extent.from)
            to = Int64(extent.to)
        }
        verdicts = try reader.integer()
        agreements = try reader.integer()
        var buckets: [Int32: Int] = [:]
        for _ in 0..<(try reader.count()) {
            let bucket = Int32(truncatingIfNeeded: try reader.integer())
            buckets[bucket] = try reader.integer()
        }
        latency = LatencyHistogram(buckets: buckets)
        truth = try reader.basis()
        label = try reader.basis()
        metered = try reader.double()
        for _ in 0..<(try reader.count()) {
            let cause = try reader.text()
            var count = JouleCount(value: try reader.double(), low: try reader.double(), high: try reader.double())
            let method = try reader.integer()
            guard EnergyMessage.Method.allCases.indices.contains(method) else { throw TallyReader.damaged }
            count.method = EnergyMessage.Method.allCases[method]
            joules[cause] = count
        }
        for _ in 0..<(try reader.count()) {
            let cause = try reader.text()
            self.bytes[cause] = try reader.integer()
        }
        guard reader.isAtEnd else { throw TallyReader.damaged }
    }
}

struct TallyWriter {
    var bytes: [UInt8] = []

    mutating func append(_ value: Int) {
        var rest = UInt64(bitPattern: Int64((value << 1) ^ (value >> 63)))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func append(_ value: Double) {
        // Most are 0.
        guard value != 0 else { return bytes.append(0) }
        bytes.append(1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
        append(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ basis: BasisTally) {
        guard basis != BasisTally() else { return bytes.append(0) }
        bytes.append(1)
        for number in [
            basis.scored, basis.correct, basis.mixed, basis.finalScored, basis.finalCorrect, basis.teacherScored,
            basis.teacherCorrect, basis.studentCorrectThere,
        ] { append(number) }
        append(basis.confusion)
        append(basis.teacherConfusion)
        append(basis.calibration.counts.count)
        for number in basis.calibration.counts { append(number) }
        for sum in [basis.errors, basis.teacherErrors] {
            append(sum.values)
            append(sum.absolute)
            append(sum.squared)
        }
    }

    private mutating func append(_ matrix: ConfusionMatrix) {
        let cells = matrix.cells.sorted { ($0.key.truth, $0.key.decided) < ($1.key.truth, $1.key.decided) }
        append(cells.count)
        for (cell, count) in cells {
            for number in [Int(cell.truth), Int(cell.decided), count] { append(number) }
        }
    }
}

struct TallyReader {
    static let damaged = StorageError(.unexpectedValue, "a stored tally is damaged")

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func byte() throws(StorageError) -> UInt8 {
        guard at < bytes.count else { throw Self.damaged }
        defer { at += 1 }
        return bytes[at]
    }

    mutating func integer() throws(StorageError) -> Int {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 64 else { throw Self.damaged }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { break }
            shift += 7
        }
        return Int(bitPattern: UInt(value >> 1)) ^ -Int(value & 1)
    }

    /// A number of things that follow, of which each takes a byte at least.
    mutating func count() throws(StorageError) -> Int {
        let count = try integer()
        guard count >= 0, count <= bytes.count - at else { throw Self.damaged }
        return count
    }

    mutating func double() throws(StorageError) -> Double {
        guard try byte() != 0 else { return 0 }
        guard at + 8 <= bytes.count else { throw Self.damaged }
        defer { at += 8 }
        let value = Double(
            bitPattern: bytes[at..<at + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        guard value.isFinite else { throw Self.damaged }
        return value
    }

    mutating func text() throws(StorageError) -> String {
        let length = try count()
        defer { at += length }
        return String(decoding: bytes[at..<at + length], as: UTF8.self)
    }

    mutating func basis() throws(StorageError) -> BasisTally {
        var basis = BasisTally()
        guard try byte() != 0 else { return basis }
        basis.scored = try integer()
        basis.correct = try integer()
        basis.mixed = try integer()
        basis.finalScored = try integer()
        basis.finalCorrect = try integer()
        basis.teacherScored = try integer()
        basis.teacherCorrect = try integer()
        basis.studentCorrectThere = try integer()
        basis.confusion = try matrix()
        basis.teacherConfusion = try matrix()
        let bins = try count()
        guard bins == 0 || bins == 3 * CalibrationBins.count else { throw Self.damaged }
        var counts: [Int] = []
        for _ in 0..<bins { counts.append(try integer()) }
        basis.calibration = CalibrationBins(counts: counts)
        basis.errors = try sum()
        basis.teacherErrors = try sum()
        return basis
    }

    private mutating func sum() throws(StorageError) -> ErrorSum {
        ErrorSum(values: try integer(), absolute: try double(), squared: try double())
    }

    private mutating func matrix() throws(StorageError) -> ConfusionMatrix {
        var matrix = ConfusionMatrix()
        for _ in 0..<(try count()) {
            let truth = Int32(truncatingIfNeeded: try integer())
            let decided = Int32(truncatingIfNeeded: try integer())
            matrix.add(truth: truth, decided: decided, try integer())
        }
        return matrix
    }
}
