#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import ModelArtifact
import Telemetry

/// The bytes of an offer while they come in, on disk space reserved at the offered size.
///
/// Chunks are checked by their hashes when they arrive, and again when a restarted edge finds the file; so what is on
/// disk never needs to be believed.
final class ChunkFile {
    let content: ChunkedBytes
    private let directory: StateDirectory
    private let descriptor: Int32
    private var have: [Bool]
    /// Chunks that are there.
    private(set) var count = 0

    private var name: String { Self.name(content.frame) }
    private static let suffix = ".part"
    private static func name(_ frame: String) -> String { frame + suffix }

    /// Reserves the space, or finds what an earlier process had received.
    ///
    /// - Throws: ``EdgeError`` `.storage`, where the disk is full for one.
    init(content: ChunkedBytes, directory: StateDirectory) throws(EdgeError) {
        self.content = content
        self.directory = directory
        have = [Bool](repeating: false, count: content.chunks.count)
        let name = Self.name(content.frame)
        descriptor = try directory.openToWrite(name, empties: false)
        let size = Int(lseek(descriptor, 0, SEEK_END))
        if size == content.bytes {
            for index in have.indices {
                let bytes = try StateDirectory.read(
                    descriptor, at: index * content.chunkSize, count: length(index), name: directory.file(name))
                have[index] = ContentDigest(of: bytes).hex == content.chunks[index]
            }
            count = have.count { $0 }
        } else {
            guard ftruncate(descriptor, 0) == 0 else {
                throw StateDirectory.fault("cannot empty \(directory.file(name))", errno)
            }
            try directory.reserve(descriptor, name, bytes: content.bytes)
        }
    }

    deinit { close(descriptor) }

    private func length(_ index: Int) -> Int {
        min(content.chunkSize, content.bytes - index * content.chunkSize)
    }

    var isComplete: Bool { count == have.count }

    /// Bytes of the chunks still missing.
    var missingBytes: Int { have.indices.reduce(0) { have[$1] ? $0 : $0 + length($1) } }

    /// Chunks still missing, as half-open ranges.
    var missing: [Range<Int>] {
        var ranges: [Range<Int>] = []
        for index in have.indices where !have[index] {
            if let last = ranges.last, last.upperBound == index {
                ranges[ranges.count - 1] = last.lowerBound..<(index + 1)
            } else {
                ranges.append(index..<(index + 1))
            }
        }
        return ranges
    }

    /// Takes a chunk.
    ///
    /// - Returns: whether it was missing.
    /// - Throws: ``EdgeError`` `.digest` where the chunk is not the one that was offered.
    func put(_ bytes: [UInt8], at index: Int) throws(EdgeError) -> Bool {
        guard have.indices.contains(index) else {
            throw EdgeError(.digest, "the offer has \(have.count) chunks; this is number \(index)")
        }
        guard bytes.count == length(index) else {
            throw EdgeError(.digest, "chunk \(index) has \(bytes.count) bytes; \(length(index)) were offered")
        }
        if have[index] { return false }
        guard ContentDigest(of: bytes).hex == content.chunks[index] else {
            throw EdgeError(.digest, "chunk \(index) does not hash to what was offered")
        }
        try directory.write(descriptor, name, at: index * content.chunkSize, bytes)
        have[index] = true
        count += 1
        return true
    }

    /// The whole frame.
    ///
    /// - Throws: ``EdgeError`` `.digest` where the chunks are not what the frame's digest says.
    func frame() throws(EdgeError) -> [UInt8] {
        let bytes = try StateDirectory.read(descriptor, at: 0, count: content.bytes, name: directory.file(name))
        guard ContentDigest(of: bytes).hex == content.frame else {
            throw EdgeError(.digest, "the chunks hash as offered, but the frame does not")
        }
        return bytes
    }

    /// Frees the space.
    func remove() throws(EdgeError) { try directory.remove(name) }

    /// Frees the space of downloads that nobody goes on with.
    static func removeAll(in directory: StateDirectory, except frames: Set<String>) throws(EdgeError) {
        for name in try directory.names() where name.hasSuffix(suffix) {
            if !frames.contains(String(name.dropLast(suffix.count))) { try directory.remove(name) }
        }
    }
}
