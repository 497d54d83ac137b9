import Telemetry
import Zstd

/// Reads a recording line by line: CSV with the header `t,channel,…[,label]`, plain or as a zstd stream.
///
/// `t` is in seconds (or ISO 8601) and increases; an empty field or `nan` is a missing value; an empty label means none.
public struct RecordingReader: ~Copyable {
    public let path: String
    /// In the order of the columns.
    public let channels: [String]
    /// Whether the last column is `label`.
    public let isLabelled: Bool

    private var lines: LineReader
    private var line = 1
    private var lastTime = -Double.infinity
    private var lastLabel: (bytes: [UInt8], text: String?) = ([], nil)

    /// Opens a recording and reads its header.
    public init(path: String) throws(RecordingError) {
        // Everything that may fail comes before the first property is set.
        var lines = try Self.open(path)
        let names = try Self.header(&lines, path)
        self.path = path
        isLabelled = names.last == "label"
        channels = Array(names.dropFirst().dropLast(names.last == "label" ? 1 : 0))
        self.lines = lines
    }

    private static func open(_ path: String) throws(RecordingError) -> LineReader {
        let file = try RecordingFile(path: path)
        do {
            return try LineReader { try file.read() }
        } catch {
            throw RecordingError(.unreadable, error.message, file: path)
        }
    }

    /// The names of the columns, checked.
    private static func header(_ lines: inout LineReader, _ path: String) throws(RecordingError) -> [String] {
        func fault(_ message: String) -> RecordingError { RecordingError(.header, message, file: path, line: 1) }
        guard var header = try line(&lines, path, 1) else {
            throw RecordingError(.empty, "the file is empty; its first line must name the columns", file: path)
        }
        if header.starts(with: [0xEF, 0xBB, 0xBF]) { header.removeFirst(3) }
        guard let text = String(validating: header, as: UTF8.self) else { throw fault("it is not valid UTF-8") }
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.first == "t" else {
            throw fault("the first column must be \"t\" (seconds), not \"\(names.first ?? "")\"")
        }
        let channels = names.dropFirst().dropLast(names.last == "label" ? 1 : 0)
        guard (1...TelemetryMessage.maximumChannels).contains(channels.count) else {
            throw fault("\(channels.count) channels between \"t\" and \"label\"; 1 to 256 are needed")
        }
        for (index, name) in channels.enumerated() {
            guard !name.isEmpty, name.utf8.count <= 128, !name.contains("\""), name.first != " ", name.last != " "
            else { throw fault("column \(index + 2) has no plain name: \"\(name)\"") }
            guard name != "t", name != "label", !channels.prefix(index).contains(name) else {
                throw fault("the column \"\(name)\" stands twice")
            }
        }
        return names
    }

    /// Reads the next sample.
    ///
    /// - Parameter values: gets a value for each channel appended; NaN where one is missing.
    /// - Returns: its time in seconds and its label; nothing at the end.
    public mutating func next(into values: inout [Float]) throws(RecordingError) -> (t: Double, label: String?)? {
        line += 1
        guard let bytes = try Self.line(&lines, path, line) else { return nil }
        var start = 0
        guard let t = try Self.time(field(bytes, &start, of: channels.count)) else {
            throw fault(.field, "\"t\" is neither seconds nor an ISO 8601 time")
        }
        guard t > lastTime else { throw fault(.order, "the time \(t) is not after \(lastTime)") }
        lastTime = t
        for channel in channels {
            let text = try field(bytes, &start, of: channels.count)
            if text.isEmpty || Self.isNaN(text) {
                values.append(.nan)
            } else if let number = DecimalNumber.parse(text), Float(number).isFinite {
                values.append(Float(number))
            } else {
                throw fault(
                    .field, "\"\(String(decoding: text.prefix(40), as: UTF8.self))\" in \(channel) is no number")
            }
        }
        guard isLabelled else {
            guard start > bytes.count else { throw tooMany(bytes) }
            return (t, nil)
        }
        let label = try field(bytes, &start, of: channels.count)
        guard start > bytes.count else { throw tooMany(bytes) }
        return (t, try text(of: label))
    }

    // MARK: Fields

    /// The field that begins at `start`, which moves on behind the comma, or beyond the line after the last.
    private func field(
        _ bytes: [UInt8], _ start: inout Int, of count: Int
    ) throws(RecordingError) -> ArraySlice<UInt8> {
        guard start <= bytes.count else {
            throw fault(.field, "the line has fewer than \(count + (isLabelled ? 2 : 1)) fields")
        }
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: ",") { end += 1 }
        defer { start = end + 1 }
        return bytes[start..<end]
    }

    private static func time(_ field: ArraySlice<UInt8>) -> Double? {
        DecimalNumber.parse(field) ?? Timestamp.parse(iso8601: String(decoding: field, as: UTF8.self))
    }

    private static func isNaN(_ field: ArraySlice<UInt8>) -> Bool {
        field.count == 3 && String(decoding: field, as: UTF8.self).lowercased() == "nan"
    }

    private mutating func text(of label: ArraySlice<UInt8>) throws(RecordingError) -> String? {
        if label.elementsEqual(lastLabel.bytes) { return lastLabel.text }
        guard let text = String(validating: label, as: UTF8.self), text.utf8.count <= 128, !text.contains("\"") else {
            throw fault(.field, "the label is no plain text of at most 128 bytes")
        }
        lastLabel = (Array(label), text.isEmpty ? nil : text)
        return lastLabel.text
    }

    private func tooMany(_ bytes: [UInt8]) -> RecordingError {
        let count = bytes.count { $0 == UInt8(ascii: ",") } + 1
        return fault(.field, "the line has \(count) fields, the header \(channels.count + (isLabelled ? 2 : 1))")
    }

    private func fault(_ code: RecordingError.Code, _ message: String) -> RecordingError {
        RecordingError(code, message, file: path, line: line)
    }

    private static func line(_ lines: inout LineReader, _ path: String, _ number: Int) throws(RecordingError)
        -> [UInt8]?
    {
        do {
            return try lines.next()
        } catch let error as RecordingError {
            throw error
        } catch {
            throw RecordingError(.unreadable, "\(error)", file: path, line: number)
        }
    }
}
