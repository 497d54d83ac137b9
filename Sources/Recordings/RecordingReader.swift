import Telemetry

/// Reads a recording line by line: CSV with the header `t,channel,…[,label]`, plain or as a zstd stream.
///
/// `t` is in seconds (or ISO 8601) and increases; an empty field or `nan` is a missing value; an empty label means none.
/// A last column `value` instead of `label` holds numbers to be predicted.
public struct RecordingReader: ~Copyable {
    /// In the order of the columns.
    public let channels: [String]
    /// What the last column tells of the rows.
    public enum Labels: String, Sendable {
        /// Classes.
        case label
        /// Numbers to be predicted.
        case value
    }

    /// Nothing where every column is a channel.
    public let labels: Labels?

    private var rows: CSVReader
    private var lastTime = -Double.infinity
    private var lastLabel: (bytes: [UInt8], text: String?) = ([], nil)

    /// Opens a recording and reads its header.
    public init(path: String) throws(RecordingError) {
        let rows = try CSVReader(path: path)
        let names = rows.columns
        func fault(_ message: String) -> RecordingError { RecordingError(.header, message, file: path, line: 1) }
        guard names.first == "t" else {
            throw fault("the first column must be \"t\" (seconds), not \"\(names.first ?? "")\"")
        }
        // A file of one column besides the time may have a channel of this name.
        let labels = names.last == "value" && names.count == 2 ? nil : names.last.flatMap(Labels.init)
        let channels = Array(names.dropFirst().dropLast(labels == nil ? 0 : 1))
        guard (1...TelemetryMessage.maximumChannels).contains(channels.count) else {
            throw fault("\(channels.count) channels between \"t\" and the label; 1 to 256 are needed")
        }
        for (index, name) in channels.enumerated() {
            guard !name.isEmpty, name.utf8.count <= 128, !name.contains("\"") else {
                throw fault("column \(index + 2) has no plain name: \"\(name)\"")
            }
            guard name != "t", name != "label", !channels.prefix(index).contains(name) else {
                throw fault("the column \"\(name)\" stands twice")
            }
        }
        self.labels = labels
        self.channels = channels
        self.rows = rows
    }

    public var path: String { rows.path }

    /// Reads the next sample.
    ///
    /// - Parameter values: gets a value for each channel appended; NaN where one is missing.
    /// - Returns: its time in seconds and its label; nothing at the end.
    public mutating func next(into values: inout [Float]) throws(RecordingError) -> (t: Double, label: String?)? {
        guard try rows.next() else { return nil }
        guard let t = Self.time(rows.field(0)) else {
            throw rows.fault(.field, "\"t\" is neither seconds nor an ISO 8601 time")
        }
        guard t > lastTime else { throw rows.fault(.order, "the time \(t) is not after \(lastTime)") }
        lastTime = t
        for column in 1...channels.count { values.append(try rows.number(column)) }
        guard let labels else { return (t, nil) }
        let label = rows.field(channels.count + 1)
        if labels == .value, !label.isEmpty { _ = try rows.double(channels.count + 1) }
        if !label.elementsEqual(lastLabel.bytes) {
            let text = try rows.text(channels.count + 1)
            lastLabel = (Array(label), text.isEmpty ? nil : text)
        }
        return (t, lastLabel.text)
    }

    private static func time(_ field: ArraySlice<UInt8>) -> Double? {
        DecimalNumber.parse(field) ?? Timestamp.parse(iso8601: String(decoding: field, as: UTF8.self))
    }
}
