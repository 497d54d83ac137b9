internal import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A set of processor instructions that the kernels are compiled for.
///
/// The environment variable `RETORT_ISA` (`base`, `avx2`, `avx512`) forces a lower level than the processor's best; a
/// level that the processor lacks, or another word, is ignored. int8 results are the same bits on every level; f32
/// results differ in their last bits between levels.
public enum KernelLevel: String, Sendable, CaseIterable, Comparable {
    /// What every machine of the architecture has: SSE2 or NEON.
    case base
    /// AVX2 and FMA.
    case avx2
    /// AVX-512 F, BW, DQ, VL and VNNI.
    case avx512

    var code: Int32 {
        switch self {
        case .base: Int32(CK_BASE)
        case .avx2: Int32(CK_AVX2)
        case .avx512: Int32(CK_AVX512)
        }
    }

    public static func < (left: KernelLevel, right: KernelLevel) -> Bool { left.code < right.code }

    /// Whether this processor has the level.
    public var isSupported: Bool { ck_kernels_at(code) != nil }

    /// The level in use: the best one, or what `RETORT_ISA` asks for if that is lower.
    public static let active: KernelLevel = {
        let best = allCases.last { $0.isSupported } ?? .base
        guard let word = getenv("RETORT_ISA"), let wanted = KernelLevel(rawValue: String(cString: word)) else {
            return best
        }
        return wanted.isSupported ? min(wanted, best) : best
    }()
}
