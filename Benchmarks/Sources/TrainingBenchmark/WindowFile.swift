import Glibc
import NeuralNetwork
import Recordings

/// The windows that both sides train on: four little-endian int32 (windows, samples, channels, classes), the labels as
/// int32, and the raw values as float32.
enum WindowFile {
    static let samples = 100
    static let step = 50

    /// Cuts windows from the recordings whose names begin with `train-`; each lies inside one stretch of one label.
    static func write(from folder: String, to path: String) throws {
        let entries = try RecordingFolder(path: folder).entries.filter { $0.name.hasPrefix("train-") }
        var classes: [String] = []
        var labels: [Int32] = []
        var values: [Float] = []
        var channels = 0
        for entry in entries {
            var reader = try RecordingReader(path: entry.path)
            channels = reader.channels.count
            var stretch: [Float] = []
            var label: String?
            func cut() {
                guard let label else { return }
                if !classes.contains(label) { classes.append(label) }
                let name = Int32(classes.firstIndex(of: label) ?? 0)
                let rows = stretch.count / channels
                for start in stride(from: 0, through: rows - samples, by: step) {
                    values += stretch[start * channels..<(start + samples) * channels]
                    labels.append(name)
                }
            }
            var row: [Float] = []
            while let next = try reader.next(into: &row) {
                if next.label != label {
                    cut()
                    stretch.removeAll(keepingCapacity: true)
                    label = next.label
                }
                stretch += row
                row.removeAll(keepingCapacity: true)
            }
            cut()
        }
        let header = [labels.count, samples, channels, classes.count].map(Int32.init)
        try write(path) { file in
            for part in [header, labels] { fwrite(part, 4, part.count, file) }
            fwrite(values, 4, values.count, file)
        }
    }

    /// The first `share` of the windows, and the number of classes.
    static func read(_ path: String, share: Double) throws -> (windows: LabelledWindows, classes: Int) {
        guard let file = fopen(path, "r") else { throw BenchmarkError("\(path) cannot be read") }
        defer { fclose(file) }
        let header = try numbers(file, 4, zero: Int32(0)).map(Int.init)
        let count = Int(Double(header[0]) * share)
        let labels = try numbers(file, header[0], zero: Int32(0)).prefix(count).map(Int.init)
        let values = try numbers(file, count * header[1] * header[2], zero: Float(0))
        let windows = try LabelledWindows(
            samples: header[1], channels: header[2], values: values, labels: labels,
            groups: [Int](repeating: 0, count: count))
        return (windows, header[3])
    }

    private static func numbers<Number: BitwiseCopyable>(
        _ file: UnsafeMutablePointer<FILE>, _ count: Int, zero: Number
    ) throws -> [Number] {
        var result = [Number](repeating: zero, count: count)
        let read = result.withUnsafeMutableBytes { fread($0.baseAddress, 1, $0.count, file) }
        guard read == count * MemoryLayout<Number>.stride else {
            throw BenchmarkError("the file of windows is cut short")
        }
        return result
    }

    private static func write(_ path: String, _ body: (UnsafeMutablePointer<FILE>) -> Void) throws {
        guard let file = fopen(path, "w") else { throw BenchmarkError("\(path) cannot be written") }
        body(file)
        guard fclose(file) == 0 else { throw BenchmarkError("\(path) cannot be written") }
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
