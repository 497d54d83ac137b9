/// Splits a stream of bytes, compressed or plain, into lines.
public struct LineReader: ~Copyable {
    private var reader: ZstdReader
    private let maximumLength: Int
    private var chunk: [UInt8] = []
    private var position = 0
    private var ended = false

    /// - Parameters:
    ///   - maximumLength: bytes in a line that are still accepted.
    ///   - source: the bytes of a plain text file or of a zstd stream, told apart by the magic number.
    /// - Throws: ``ZstdError`` `.outOfMemory`.
    public init(maximumLength: Int = 1 << 16, source: @escaping ZstdReader.Source) throws(ZstdError) {
        reader = try ZstdReader(allowsPlain: true, source: source)
        self.maximumLength = maximumLength
    }

    /// The next line without its line end (`\n` or `\r\n`); nothing at the end.
    ///
    /// - Throws: ``ZstdError``, `.lineTooLong` among them, or what the source throws.
    public mutating func next() throws -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            if position == chunk.count {
                guard !ended, let more = try reader.next() else {
                    ended = true
                    return line.isEmpty ? nil : Self.trimmed(line)
                }
                chunk = more
                position = 0
            }
            let end = chunk[position...].firstIndex(of: UInt8(ascii: "\n"))
            line += chunk[position..<(end ?? chunk.count)]
            position = end.map { $0 + 1 } ?? chunk.count
            guard line.count <= maximumLength else {
                throw ZstdError(.lineTooLong, "a line is longer than \(maximumLength) bytes")
            }
            if end != nil { return Self.trimmed(line) }
        }
    }

    private static func trimmed(_ line: [UInt8]) -> [UInt8] {
        line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : line
    }
}
