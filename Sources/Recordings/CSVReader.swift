import Telemetry
import Zstd

/// Reads the rows of a CSV file, plain or as a zstd stream, whose first line names the columns.
///
/// The delimiter is the comma, or the semicolon or tab where the first line has more of these. A field may stand in double
/// quotes, doubled within; spaces around a field and the byte order mark are left out. Quoted line ends are not read.
public struct CSVReader: ~Copyable {
    public let path: String
    /// Names of the columns, in order.
    public let columns: [String]
    /// Of the current row, counted from 1.
    public private(set) var line = 1

    private var lines: LineReader
    private let delimiter: UInt8
    private var bytes: [UInt8] = []
    private var fields: [Range<Int>] = []

    /// Opens a file and reads its first line.
    public init(path: String) throws(RecordingError) {
        // Everything that may fail comes before the first property is set.
        var lines = try Self.open(path)
        let (names, delimiter) = try Self.header(&lines, path)
        self.path = path
        columns = names
        self.delimiter = delimiter
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

    private static func header(
        _ lines: inout LineReader, _ path: String
    ) throws(RecordingError) -> (names: [String], delimiter: UInt8) {
        guard var header = try line(&lines, path, 1) else {
            throw RecordingError(.empty, "the file is empty; its first line must name the columns", file: path)
        }
        if header.starts(with: [0xEF, 0xBB, 0xBF]) { header.removeFirst(3) }
        guard String(validating: header, as: UTF8.self) != nil else {
            throw RecordingError(.header, "it is not valid UTF-8", file: path, line: 1)
        }
        let delimiter = delimiter(of: header)
        var ranges: [Range<Int>] = []
        guard split(&header, by: delimiter, into: &ranges) else {
            throw RecordingError(.header, "a quote is not closed", file: path, line: 1)
        }
        return (ranges.map { String(decoding: header[$0], as: UTF8.self) }, delimiter)
    }

    /// Reads the next row; `false` at the end.
    ///
    /// - Throws: ``RecordingError`` where it has more or fewer fields than there are columns.
    public mutating func next() throws(RecordingError) -> Bool {
        line += 1
        guard let row = try Self.line(&lines, path, line) else { return false }
        bytes = row
        guard !row.isEmpty else {
            let empty = line
            while let more = try Self.line(&lines, path, line) {
                guard more.isEmpty else { throw RecordingError(.field, "the line is empty", file: path, line: empty) }
            }
            return false
        }
        guard Self.split(&bytes, by: delimiter, into: &fields) else { throw fault(.field, "a quote is not closed") }
        guard fields.count == columns.count else {
            let comparison = fields.count < columns.count ? "fewer than" : "more than"
            throw fault(
                .field, "the line has \(fields.count) fields, \(comparison) the \(columns.count) columns of the header")
        }
        return true
    }

    /// A field of the current row.
    public func field(_ column: Int) -> ArraySlice<UInt8> { bytes[fields[column]] }

    /// The number of a field with all its digits, as times need them.
    ///
    /// - Throws: ``RecordingError`` where it is no number.
    public func double(_ column: Int) throws(RecordingError) -> Double {
        guard let number = DecimalNumber.parse(field(column)) else {
            let text = String(decoding: field(column).prefix(40), as: UTF8.self)
            throw fault(.field, "\"\(text)\" in \(columns[column]) is no number")
        }
        return number
    }

    /// The number of a field; NaN where it is empty or says `nan`, `na` or `null`.
    ///
    /// - Throws: ``RecordingError`` where it is anything else.
    public func number(_ column: Int) throws(RecordingError) -> Float {
        let text = field(column)
        if let number = DecimalNumber.parse(text), Float(number).isFinite { return Float(number) }
        guard text.isEmpty || Self.isMissing(text) else {
            throw fault(
                .field,
                "\"\(String(decoding: text.prefix(40), as: UTF8.self))\" in \(columns[column]) is no number")
        }
        return .nan
    }

    /// The text of a field.
    ///
    /// - Throws: ``RecordingError`` where it is no UTF-8 or longer than 128 bytes.
    public func text(_ column: Int) throws(RecordingError) -> String {
        let field = field(column)
        guard field.count <= 128, let text = String(validating: field, as: UTF8.self) else {
            throw fault(.field, "the field in \(columns[column]) is no text of at most 128 bytes")
        }
        return text
    }

    /// An error at the current row.
    public func fault(_ code: RecordingError.Code, _ message: String) -> RecordingError {
        RecordingError(code, message, file: path, line: line)
    }

    private static func isMissing(_ field: ArraySlice<UInt8>) -> Bool {
        field.count <= 4 && ["nan", "na", "null", "none"].contains(String(decoding: field, as: UTF8.self).lowercased())
    }

    private static func delimiter(of header: [UInt8]) -> UInt8 {
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
        let counts = candidates.map { candidate in header.count { $0 == candidate } }
        var best = 0
        for index in 1..<candidates.count where counts[index] > counts[best] { best = index }
        return candidates[best]
    }

    /// Splits a line, and takes quotes out of it; `false` where one is not closed.
    private static func split(_ line: inout [UInt8], by delimiter: UInt8, into fields: inout [Range<Int>]) -> Bool {
        fields.removeAll(keepingCapacity: true)
        if line.contains(UInt8(ascii: "\"")) { return splitQuoted(&line, by: delimiter, into: &fields) }
        var start = 0
        for index in line.indices where line[index] == delimiter {
            fields.append(trimmed(line, start..<index))
            start = index + 1
        }
        fields.append(trimmed(line, start..<line.count))
        return true
    }

    private static func splitQuoted(
        _ line: inout [UInt8], by delimiter: UInt8, into fields: inout [Range<Int>]
    ) -> Bool {
        let quote = UInt8(ascii: "\"")
        var plain: [UInt8] = []
        var start = 0
        var isQuoted = false
        /// Whether the field's first quote has come: one within a plain field is a character like others.
        var wasQuoted = false
        for (index, byte) in line.enumerated() {
            if byte == quote, wasQuoted || plain[start...].allSatisfy({ $0 == UInt8(ascii: " ") }) {
                // The second of two within quotes is one that belongs to the text.
                if !isQuoted, wasQuoted, line[index - 1] == quote { plain.append(quote) }
                isQuoted.toggle()
                wasQuoted = true
            } else if byte == delimiter, !isQuoted {
                fields.append(trimmed(plain, start..<plain.count))
                start = plain.count
                wasQuoted = false
            } else {
                plain.append(byte)
            }
        }
        fields.append(trimmed(plain, start..<plain.count))
        line = plain
        return !isQuoted
    }

    private static func trimmed(_ line: [UInt8], _ range: Range<Int>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, line[start] == UInt8(ascii: " ") { start += 1 }
        while end > start, line[end - 1] == UInt8(ascii: " ") { end -= 1 }
        return start..<end
    }

    private static func line(
        _ lines: inout LineReader, _ path: String, _ number: Int
    ) throws(RecordingError) -> [UInt8]? {
        do {
            return try lines.next()
        } catch let error as RecordingError {
            throw error
        } catch {
            throw RecordingError(.unreadable, "\(error)", file: path, line: number)
        }
    }
}
