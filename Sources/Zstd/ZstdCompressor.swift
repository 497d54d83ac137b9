import CZstd

/// Compresses to zstd frames that carry their content size.
///
/// The same bytes, prefix and level give the same frame with the same libzstd.
public struct ZstdCompressor: ~Copyable {
    private let context: OpaquePointer
    private let level: Int32
    private let checksum: Bool

    /// - Parameters:
    ///   - level: 1 (fast) to 22 (small); 19 suits what is written once and sent often.
    ///   - checksum: adds four bytes that reveal damage; not needed where a digest is checked anyway.
    /// - Throws: ``ZstdError`` `.outOfMemory`.
    public init(level: Int = 19, checksum: Bool = true) throws(ZstdError) {
        precondition((1...22).contains(level), "zstd levels reach from 1 to 22")
        guard let context = ZSTD_createCCtx() else {
            throw ZstdError(.outOfMemory, "libzstd could not allocate a compression context")
        }
        self.context = context
        self.level = Int32(level)
        self.checksum = checksum
    }

    deinit { ZSTD_freeCCtx(context) }

    /// Compresses `bytes` into one frame.
    ///
    /// - Parameter prefix: bytes that the reader has too; matches in them cost almost nothing.
    /// - Throws: ``ZstdError`` where libzstd fails.
    public mutating func compress(_ bytes: [UInt8], prefix: [UInt8] = []) throws(ZstdError) -> [UInt8] {
        try configure()
        _ = try ZstdError.check(ZSTD_CCtx_setPledgedSrcSize(context, UInt64(bytes.count)))
        if !prefix.isEmpty {
            // The window must reach from the last byte back to the prefix's first.
            let reach = Int32(ZstdDecompressor.windowLog(covering: bytes.count + prefix.count))
            _ = try ZstdError.check(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, min(reach, 27)))
        }
        let capacity = try ZstdError.check(ZSTD_compressBound(bytes.count))
        var result = 0
        let frame = prefix.withUnsafeBytes { prefix in
            bytes.withUnsafeBytes { source in
                [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
                    count = 0
                    if !prefix.isEmpty {
                        result = ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)
                        guard ZSTD_isError(result) == 0 else { return }
                    }
                    result = ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
                    if ZSTD_isError(result) == 0 { count = result }
                }
            }
        }
        _ = try ZstdError.check(result)
        return frame
    }

    /// What one call of ``stream(_:into:finish:)`` did.
    public struct Step: Sendable, Equatable {
        /// Bytes of the source that were taken.
        public var consumed: Int
        /// Bytes of the target that were filled.
        public var written: Int
        /// Nothing of what was asked remains inside the context.
        public var isFlushed: Bool
    }

    /// Starts a frame whose size is not known yet, for ``stream(_:into:finish:)``.
    public mutating func begin() throws(ZstdError) { try configure() }

    /// Compresses as much of `source` as fits into the caller's buffer.
    ///
    /// Call again with the rest of the source until all is consumed; at the end with `finish` until `isFlushed`.
    public mutating func stream(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, finish: Bool
    ) throws(ZstdError) -> Step {
        var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
        var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        let remaining = try ZstdError.check(
            ZSTD_compressStream2(context, &output, &input, finish ? ZSTD_e_end : ZSTD_e_continue))
        return Step(consumed: input.pos, written: output.pos, isFlushed: finish && remaining == 0)
    }

    private func configure() throws(ZstdError) {
        _ = try ZstdError.check(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters))
        _ = try ZstdError.check(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level))
        _ = try ZstdError.check(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0))
    }
}
