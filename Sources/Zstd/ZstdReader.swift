/// Pulls compressed chunks from a source and hands out decompressed ones, within a fixed amount of memory.
///
/// Several frames in a row are read as one stream, as the `zstd` tool does.
public struct ZstdReader: ~Copyable {
    /// Yields the next bytes, or nothing at the end; an empty chunk is no end.
    public typealias Source = () throws -> [UInt8]?

    private var decompressor: ZstdDecompressor
    private let source: Source
    private let allowsPlain: Bool
    private var chunk: [UInt8] = []
    private var position = 0
    private var isPlain = false
    private var started = false
    private var betweenFrames = true
    private var mayHoldOutput = false
    private var ended = false

    /// - Parameters:
    ///   - maximumWindowLog: base-2 logarithm of the window (memory) a frame may ask for.
    ///   - allowsPlain: bytes that do not begin with zstd's magic number are handed on as they are.
    ///   - source: the compressed bytes, in chunks of any size.
    /// - Throws: ``ZstdError`` `.outOfMemory`.
    public init(
        maximumWindowLog: Int = 27, allowsPlain: Bool = false, source: @escaping Source
    ) throws(ZstdError) {
        decompressor = try ZstdDecompressor(maximumWindowLog: maximumWindowLog)
        self.source = source
        self.allowsPlain = allowsPlain
    }

    /// The next decompressed bytes, at most 128 KiB; nothing at the end.
    ///
    /// - Throws: ``ZstdError``, or what the source throws.
    public mutating func next() throws -> [UInt8]? {
        if !started { try start() }
        if isPlain {
            if position < chunk.count {
                defer { position = chunk.count }
                return Array(chunk[position...])
            }
            return try source()
        }
        while !ended {
            if position == chunk.count && !mayHoldOutput {
                guard try refill() else {
                    ended = true
                    if !betweenFrames { throw ZstdError(.truncated, "the stream ends within a zstd frame") }
                    return nil
                }
            }
            let produced = try produce()
            if !produced.isEmpty { return produced }
        }
        return nil
    }

    private mutating func start() throws {
        started = true
        // The magic number may come in pieces.
        while chunk.count < 4, let more = try source() { chunk += more }
        let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
        isPlain = allowsPlain && Array(chunk.prefix(4)) != magic
    }

    /// Fetches the next bytes; false at the end of the source.
    private mutating func refill() throws -> Bool {
        while let more = try source() {
            guard !more.isEmpty else { continue }
            chunk = more
            position = 0
            return true
        }
        return false
    }

    private mutating func produce() throws(ZstdError) -> [UInt8] {
        var outcome: Result<ZstdDecompressor.Step, ZstdError>?
        let capacity = 1 << 17
        let produced = chunk.withUnsafeBytes { bytes in
            [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
                count = 0
                do throws(ZstdError) {
                    let step = try decompressor.stream(
                        UnsafeRawBufferPointer(rebasing: bytes[position...]),
                        into: UnsafeMutableRawBufferPointer(target))
                    outcome = .success(step)
                    count = step.written
                } catch {
                    outcome = .failure(error)
                }
            }
        }
        if let step = try outcome?.get() {
            position += step.consumed
            betweenFrames = step.endsFrame
            mayHoldOutput = !step.endsFrame && step.written == capacity
        }
        return produced
    }
}
