public import ModelArtifact

/// An update as it travels: from a base that the receiver holds, or from nothing, to a target file.
///
/// Integers are little-endian:
///
/// | bytes | content |
/// | --- | --- |
/// | 4 | magic `RTDF` |
/// | 1 | format, 1 |
/// | 1 | method: 1 full, 2 prefix, 3 residual |
/// | 2 | zero |
/// | 4 | size of the target |
/// | 32 | SHA-256 of the base; zeros where there is none |
/// | 32 | SHA-256 of the target |
/// | rest | one zstd frame |
///
/// `full` holds the target; `prefix` the target compressed with the base as its prefix; `residual` a
/// ``WeightResidual``, compressed with the base as its prefix. `docs/formats.md` describes them.
public struct DeltaFrame: Sendable, Equatable {
    /// How the target is expressed.
    public enum Method: String, Sendable, CaseIterable {
        case full, prefix, residual

        var code: UInt8 {
            switch self {
            case .full: 1
            case .prefix: 2
            case .residual: 3
            }
        }
    }

    public static let currentFormat: UInt8 = 1
    static let magic: [UInt8] = Array("RTDF".utf8)
    static let headerBytes = 76

    public let method: Method
    /// Nothing for ``Method/full``.
    public let base: ContentDigest?
    public let target: ContentDigest
    /// Size of the target in bytes.
    public let targetBytes: Int
    /// The whole frame, header included.
    public let bytes: [UInt8]

    /// Names the frame on the bus.
    public var digest: ContentDigest { ContentDigest(of: bytes) }

    var payload: [UInt8] { Array(bytes[Self.headerBytes...]) }

    init(_ method: Method, base: ContentDigest?, target: ContentDigest, targetBytes: Int, payload: [UInt8]) {
        self.method = method
        self.base = base
        self.target = target
        self.targetBytes = targetBytes
        var bytes = Self.magic + [Self.currentFormat, method.code, 0, 0]
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: targetBytes >> shift)) }
        bytes += base?.bytes ?? [UInt8](repeating: 0, count: 32)
        bytes += target.bytes
        self.bytes = bytes + payload
    }

    /// Reads a frame's header.
    ///
    /// - Throws: ``DeltaError`` `.malformed`, `.unsupportedFormat`.
    public init(_ bytes: [UInt8]) throws(DeltaError) {
        guard bytes.count >= Self.headerBytes, Array(bytes[..<4]) == Self.magic else {
            throw DeltaError(.malformed, "\(bytes.count) bytes that do not begin as a delta frame")
        }
        guard bytes[4] == Self.currentFormat else {
            throw DeltaError(
                .unsupportedFormat, "this version reads delta format \(Self.currentFormat), not \(bytes[4])")
        }
        guard let method = Method.allCases.first(where: { $0.code == bytes[5] }), bytes[6] == 0, bytes[7] == 0 else {
            throw DeltaError(.unsupportedFormat, "the delta frame's method \(bytes[5]) is unknown")
        }
        let isBare = bytes[12..<44].allSatisfy { $0 == 0 }
        guard isBare == (method == .full), let target = ContentDigest(bytes: bytes[44..<76]) else {
            throw DeltaError(.malformed, "the method \(method) and the base in the delta frame's header contradict")
        }
        self.method = method
        base = isBare ? nil : ContentDigest(bytes: bytes[12..<44])
        self.target = target
        targetBytes = (0..<4).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
        self.bytes = bytes
    }
}
