#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A bounded queue of messages on disk, oldest first, that survives the process being killed at any byte.
///
/// Segment files hold records of length, checksum, topic and payload. When the limit is reached the oldest segment goes,
/// and its records are counted as dropped. A record cut short by a crash ends its segment; what stands before it stays.
final class Spool {
    struct Record: Equatable {
        var topic: String
        var payload: [UInt8]
    }

    private struct Segment {
        let number: Int
        var bytes: Int
        /// Records not yet taken.
        var records: Int
    }

    private static let headerBytes = 8
    /// Largest record that is written or believed.
    static let recordLimit = 8 << 20

    private let directory: StateDirectory
    /// Bytes on disk at most.
    let limit: Int
    private let segmentLimit: Int
    private var segments: [Segment] = []
    /// Offset of the next record within the oldest segment.
    private var position = 0
    private var reader: Int32 = -1
    private var writer: Int32 = -1

    /// Records waiting.
    private(set) var count = 0
    /// Bytes of all segments.
    var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    /// Records that the limit pushed out, or that were found damaged, since this object was made.
    private(set) var dropped = 0

    /// - Parameters:
    ///   - limit: bytes on disk at most.
    /// - Throws: ``EdgeError`` `.storage`.
    init(directory: StateDirectory, limit: Int) throws(EdgeError) {
        self.directory = directory
        self.limit = max(limit, 4096)
        self.segmentLimit = max(1024, min(1 << 20, self.limit / 8))
        let taken = try readPosition()
        for name in try directory.names() where name.hasSuffix(".spool") {
            guard let number = Int(name.dropLast(6)) else { continue }
            if number < taken.segment {
                try directory.remove(name)
                continue
            }
            let from = number == taken.segment ? taken.offset : 0
            let segment = try scan(number, from: from)
            if segments.isEmpty { position = min(from, segment.bytes) }
            segments.append(segment)
            count += segment.records
        }
    }

    deinit {
        if reader >= 0 { close(reader) }
        if writer >= 0 { close(writer) }
    }

    /// Adds a record behind all others.
    func append(_ record: Record) throws(EdgeError) {
        let body = Self.encode(record)
        guard body.count <= min(Self.recordLimit, limit / 2) else {
            dropped += 1
            throw EdgeError(.tooLarge, "a message of \(body.count) bytes does not fit the spool of \(limit)")
        }
        while bytes + body.count > limit, segments.count > 1 || count > 0 { try dropOldestSegment() }
        if segments.last.map({ $0.bytes + body.count > segmentLimit }) ?? true { try startSegment() }
        if writer < 0, let last = segments.last { writer = try openSegment(last.number, O_WRONLY) }
        try StateDirectory.write(writer, at: segments[segments.count - 1].bytes, body, name: "the spool")
        segments[segments.count - 1].bytes += body.count
        segments[segments.count - 1].records += 1
        count += 1
    }

    /// The oldest record, which stays until ``removeFirst()``.
    func first() throws(EdgeError) -> Record? {
        while let segment = segments.first {
            if segment.records > 0, let (record, _) = try read(at: position, of: segment) { return record }
            // Nothing readable is left in this segment.
            dropped += segment.records
            count -= segment.records
            if segments.count == 1 && segment.bytes == 0 { return nil }
            try removeOldestSegment()
        }
        return nil
    }

    /// Removes the oldest record.
    func removeFirst() throws(EdgeError) {
        guard let segment = segments.first, segment.records > 0, let (_, length) = try read(at: position, of: segment)
        else { return }
        position += length
        segments[0].records -= 1
        count -= 1
        if segments[0].records == 0 { try removeOldestSegment() } else { try writePosition() }
    }

    /// Brings what was added to the disk, so that it survives a loss of power too.
    func flush() throws(EdgeError) {
        guard writer >= 0 else { return }
        guard fdatasync(writer) == 0 else { throw StateDirectory.fault("cannot flush the spool", errno) }
    }

    // MARK: Segments

    private func name(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits + ".spool"
    }

    private func openSegment(_ number: Int, _ flags: Int32) throws(EdgeError) -> Int32 {
        let descriptor = open(directory.file(name(number)), flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StateDirectory.fault("cannot open \(directory.file(name(number)))", errno) }
        return descriptor
    }

    private func startSegment() throws(EdgeError) {
        try flush()
        if writer >= 0 { close(writer) }
        writer = -1
        let number = (segments.last?.number ?? nextNumber) + 1
        writer = try openSegment(number, O_WRONLY | O_CREAT | O_TRUNC)
        segments.append(Segment(number: number, bytes: 0, records: 0))
        if segments.count == 1 { position = 0 }
    }

    /// Numbers are never used twice, so that an old position file cannot point into a new segment.
    private var nextNumber = 0

    private func dropOldestSegment() throws(EdgeError) {
        guard let segment = segments.first else { return }
        dropped += segment.records
        count -= segment.records
        try removeOldestSegment()
    }

    private func removeOldestSegment() throws(EdgeError) {
        let segment = segments.removeFirst()
        nextNumber = max(nextNumber, segment.number)
        if reader >= 0 { close(reader) }
        reader = -1
        if segments.isEmpty, writer >= 0 {
            close(writer)
            writer = -1
        }
        position = 0
        try directory.remove(name(segment.number))
        try writePosition()
    }

    /// Counts the sound records of a segment and cuts off what follows them.
    private func scan(_ number: Int, from start: Int) throws(EdgeError) -> Segment {
        let descriptor = try openSegment(number, O_RDWR)
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        let bytes = try StateDirectory.read(descriptor, at: 0, count: max(0, size), name: name(number))
        var offset = min(start, bytes.count)
        var records = 0
        while let length = Self.length(bytes, at: offset), offset + length <= bytes.count,
            Self.decode(bytes[offset..<offset + length]) != nil
        {
            offset += length
            records += 1
        }
        if offset < bytes.count {
            guard ftruncate(descriptor, off_t(offset)) == 0 else {
                throw StateDirectory.fault("cannot cut \(name(number))", errno)
            }
        }
        return Segment(number: number, bytes: offset, records: records)
    }

    private func read(at offset: Int, of segment: Segment) throws(EdgeError) -> (Record, Int)? {
        if reader < 0 { reader = try openSegment(segment.number, O_RDONLY) }
        let header = try StateDirectory.read(reader, at: offset, count: Self.headerBytes, name: "the spool")
        guard let length = Self.length(header, at: 0), length <= Self.recordLimit + Self.headerBytes else { return nil }
        let bytes = try StateDirectory.read(reader, at: offset, count: length, name: "the spool")
        return Self.decode(bytes[...]).map { ($0, length) }
    }

    // MARK: Position

    private func readPosition() throws(EdgeError) -> (segment: Int, offset: Int) {
        guard let bytes = try directory.read("position", limit: 64) else { return (0, 0) }
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        // Written without a flush: one cut short by a crash only means that records are sent once more.
        guard parts.count == 3, parts[2] == parts[0] ^ parts[1], parts[0] >= 0, parts[1] >= 0 else { return (0, 0) }
        nextNumber = parts[0]
        return (parts[0], parts[1])
    }

    private func writePosition() throws(EdgeError) {
        let segment = segments.first?.number ?? nextNumber
        let offset = segments.isEmpty ? Int(Int32.max) : position
        let text = Array("\(segment) \(offset) \(segment ^ offset)".utf8)
        let descriptor = open(directory.file("position"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StateDirectory.fault("cannot write the spool's position", errno) }
        defer { close(descriptor) }
        try StateDirectory.write(descriptor, at: 0, text, name: "the spool's position")
    }

    // MARK: Records

    private static func encode(_ record: Record) -> [UInt8] {
        let topic = Array(record.topic.utf8)
        var body: [UInt8] = [UInt8(truncatingIfNeeded: topic.count), UInt8(truncatingIfNeeded: topic.count >> 8)]
        body += topic
        body += record.payload
        return number(UInt32(truncatingIfNeeded: body.count)) + number(Checksum.crc32(body[...])) + body
    }

    /// Length of the record at an offset, header included; nothing where the bytes end before it can be told.
    private static func length(_ bytes: [UInt8], at offset: Int) -> Int? {
        guard offset + headerBytes <= bytes.count else { return nil }
        let length = Int(number(bytes[offset..<offset + 4]))
        return length >= 2 && length <= recordLimit ? length + headerBytes : nil
    }

    private static func decode(_ bytes: ArraySlice<UInt8>) -> Record? {
        guard bytes.count >= headerBytes + 2 else { return nil }
        let start = bytes.startIndex
        let body = bytes[(start + headerBytes)...]
        guard Int(number(bytes[start..<start + 4])) == body.count,
            number(bytes[start + 4..<start + 8]) == Checksum.crc32(body)
        else { return nil }
        let topicLength = Int(body[body.startIndex]) | Int(body[body.startIndex + 1]) << 8
        guard topicLength + 2 <= body.count else { return nil }
        let payload = body.startIndex + 2 + topicLength
        return Record(
            topic: String(decoding: body[(body.startIndex + 2)..<payload], as: UTF8.self),
            payload: Array(body[payload...])
        )
    }

    private static func number(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
