import CZstd

/// Decompresses zstd frames from sources that are not trusted.
///
/// Output grows as bytes really arrive, never by the size that a frame declares; output and window are bounded.
public struct ZstdDecompressor: ~Copyable {
    private let context: OpaquePointer

    /// - Parameter maximumWindowLog: base-2 logarithm of the window (memory) a frame may ask for, 10 to 27.
    /// - Throws: ``ZstdError`` `.outOfMemory`.
    public init(maximumWindowLog: Int = 23) throws(ZstdError) {
        precondition((10...27).contains(maximumWindowLog), "windows reach from 2^10 to 2^27 bytes here")
        guard let context = ZSTD_createDCtx() else {
            throw ZstdError(.outOfMemory, "libzstd could not allocate a decompression context")
        }
        let limited = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(maximumWindowLog))
        guard ZSTD_isError(limited) == 0 else {
            ZSTD_freeDCtx(context)
            throw ZstdError(.failed, "libzstd refuses a window of 2^\(maximumWindowLog) bytes")
        }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Base-2 logarithm of the smallest window that reaches over `bytes`.
    public static func windowLog(covering bytes: Int) -> Int {
        max(10, Int.bitWidth - max(0, bytes - 1).leadingZeroBitCount)
    }

    /// Decompresses exactly one frame.
    ///
    /// - Parameters:
    ///   - frame: the frame; nothing may follow it.
    ///   - prefix: the bytes that the frame was compressed against.
    ///   - maximumBytes: output that is still accepted.
    /// - Throws: ``ZstdError`` `.corrupt`, `.truncated`, `.tooLarge`, `.windowTooLarge`.
    public mutating func decompress(
        _ frame: [UInt8], prefix: [UInt8] = [], maximumBytes: Int
    ) throws(ZstdError) -> [UInt8] {
        try reset()
        let declared = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // The two largest values stand for "unknown" and "error"; the latter is found below with its reason.
        if declared < UInt64.max - 1, declared > UInt64(max(0, maximumBytes)) {
            throw ZstdError(
                .tooLarge, "the zstd frame declares \(declared) bytes; at most \(maximumBytes) are accepted")
        }
        let outcome: Result<[UInt8], ZstdError> = prefix.withUnsafeBytes { prefix in
            frame.withUnsafeBytes { frame in
                do throws(ZstdError) {
                    if !prefix.isEmpty {
                        _ = try ZstdError.check(ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count))
                    }
                    return .success(try drain(frame, maximumBytes: maximumBytes))
                } catch {
                    return .failure(error)
                }
            }
        }
        return try outcome.get()
    }

    private mutating func drain(_ frame: UnsafeRawBufferPointer, maximumBytes: Int) throws(ZstdError) -> [UInt8] {
        let size = min(1 << 17, max(1, maximumBytes + 1))
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { scratch.deallocate() }
        var output: [UInt8] = []
        var position = 0
        while true {
            let step = try stream(UnsafeRawBufferPointer(rebasing: frame[position...]), into: scratch)
            position += step.consumed
            guard output.count + step.written <= maximumBytes else {
                throw ZstdError(.tooLarge, "the zstd frame yields more than the \(maximumBytes) bytes accepted")
            }
            output.append(contentsOf: scratch[..<step.written])
            if step.endsFrame {
                guard position == frame.count else {
                    throw ZstdError(.corrupt, "\(frame.count - position) bytes follow the zstd frame")
                }
                return output
            }
            if position == frame.count && step.written < size {
                throw ZstdError(.truncated, "the zstd frame is cut off after \(frame.count) bytes")
            }
        }
    }

    /// What one call of ``stream(_:into:)`` did.
    public struct Step: Sendable, Equatable {
        /// Bytes of the source that were taken.
        public var consumed: Int
        /// Bytes of the target that were filled.
        public var written: Int
        /// The frame is complete and all of it was written; the next byte starts another.
        public var endsFrame: Bool
    }

    /// Starts anew: drops an unfinished frame and its prefix.
    public mutating func reset() throws(ZstdError) {
        _ = try ZstdError.check(ZSTD_DCtx_reset(context, ZSTD_reset_session_only))
        _ = try ZstdError.check(ZSTD_DCtx_refPrefix(context, nil, 0))
    }

    /// Decompresses as much of `source` as fits into the caller's buffer.
    ///
    /// - Throws: ``ZstdError`` `.corrupt`, `.windowTooLarge`.
    public mutating func stream(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) throws(ZstdError) -> Step {
        var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let hint = try ZstdError.check(ZSTD_decompressStream(context, &output, &input))
        return Step(consumed: input.pos, written: output.pos, endsFrame: hint == 0)
    }
}
