import ModelArtifact
import Zstd

/// Makes delta frames, the smallest by trying, and applies them to the bit.
public enum DeltaCodec {
    /// The smallest frame that brings a holder of `base` to `target`.
    ///
    /// - Parameter base: what the receiver holds; nothing for a newcomer.
    /// - Throws: ``DeltaError`` `.tooLarge`, `.failed`.
    public static func encode(base: [UInt8]?, target: [UInt8]) throws(DeltaError) -> DeltaFrame {
        let frames = try candidates(base: base, target: target)
        guard let smallest = frames.min(by: { $0.bytes.count < $1.bytes.count }) else {
            throw DeltaError(.failed, "no method could express the target")
        }
        return smallest
    }

    /// A frame by each method that can express the target, simplest first.
    public static func candidates(base: [UInt8]?, target: [UInt8]) throws(DeltaError) -> [DeltaFrame] {
        guard target.count <= Student.maximumFileBytes else {
            throw DeltaError(.tooLarge, "\(target.count) bytes are more than a student may have")
        }
        let digest = ContentDigest(of: target)
        func frame(_ method: DeltaFrame.Method, _ content: [UInt8], prefix: [UInt8]) throws(DeltaError) -> DeltaFrame {
            DeltaFrame(
                method, base: method == .full ? nil : ContentDigest(of: prefix), target: digest,
                targetBytes: target.count, payload: try compress(content, prefix: prefix))
        }
        var frames = [try frame(.full, target, prefix: [])]
        guard let base else { return frames }
        frames.append(try frame(.prefix, target, prefix: base))
        // Only files of the same kind have a residual; that two are not is no fault.
        for residual in WeightResidual.candidates(base: base, target: target) {
            let residual = try frame(.residual, residual, prefix: base)
            if let best = frames.last, best.method == .residual {
                if residual.bytes.count < best.bytes.count { frames[frames.count - 1] = residual }
            } else {
                frames.append(residual)
            }
        }
        return frames
    }

    /// The target file, bit for bit.
    ///
    /// - Parameters:
    ///   - base: what the receiver holds; ignored by ``DeltaFrame/Method/full``.
    ///   - maximumBytes: size of the target that is still accepted, e.g. the one that the release metadata signs.
    /// - Throws: ``DeltaError`` `.wrongBase`, `.tooLarge`, `.malformed`, `.wrongResult`.
    public static func decode(
        _ frame: DeltaFrame, base: [UInt8]?, maximumBytes: Int
    ) throws(DeltaError) -> [UInt8] {
        guard frame.targetBytes <= maximumBytes else {
            throw DeltaError(
                .tooLarge, "the delta frame promises \(frame.targetBytes) bytes; at most \(maximumBytes) are accepted")
        }
        var prefix: [UInt8] = []
        if let wanted = frame.base {
            guard let base else { throw DeltaError(.wrongBase, "the delta frame needs the base \(wanted.short)") }
            let digest = ContentDigest(of: base)
            guard digest == wanted else {
                throw DeltaError(.wrongBase, "the delta frame is against \(wanted.short), the base is \(digest.short)")
            }
            prefix = base
        }
        let target: [UInt8]
        switch frame.method {
        case .full, .prefix:
            target = try decompress(frame.payload, prefix: prefix, maximumBytes: frame.targetBytes)
        case .residual:
            // Packed digits are never more than the bytes they stand for; an exception costs one byte more.
            let residual = try decompress(
                frame.payload, prefix: prefix, maximumBytes: 2 * frame.targetBytes + WeightResidual.maximumOverhead)
            guard let digest = frame.base else { throw DeltaError(.malformed, "a residual without a base") }
            target = try WeightResidual.apply(
                residual, to: prefix, digest: digest, maximumBytes: frame.targetBytes)
        }
        guard target.count == frame.targetBytes, ContentDigest(of: target) == frame.target else {
            throw DeltaError(.wrongResult, "the delta frame does not yield \(frame.target.short) as it promises")
        }
        return target
    }

    /// Level 22 costs milliseconds for a student, and is paid once for many receivers.
    private static func compress(_ bytes: [UInt8], prefix: [UInt8]) throws(DeltaError) -> [UInt8] {
        do throws(ZstdError) {
            var compressor = try ZstdCompressor(level: 22, checksum: false)
            return try compressor.compress(bytes, prefix: prefix)
        } catch {
            throw DeltaError(.failed, error.message, cause: error)
        }
    }

    private static func decompress(
        _ bytes: [UInt8], prefix: [UInt8], maximumBytes: Int
    ) throws(DeltaError) -> [UInt8] {
        do throws(ZstdError) {
            let window = ZstdDecompressor.windowLog(covering: prefix.count + maximumBytes)
            var decompressor = try ZstdDecompressor(maximumWindowLog: min(27, window))
            return try decompressor.decompress(bytes, prefix: prefix, maximumBytes: maximumBytes)
        } catch {
            let code: DeltaError.Code =
                switch error.code {
                case .tooLarge, .windowTooLarge: .tooLarge
                case .outOfMemory, .failed: .failed
                default: .malformed
                }
            throw DeltaError(code, error.message, cause: error)
        }
    }
}
