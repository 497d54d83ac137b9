#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// eˣ.
@inline(__always)
func exponential(_ x: Float) -> Float { expf(x) }

/// Natural logarithm.
@inline(__always)
func logarithm(_ x: Float) -> Float { logf(x) }

/// Cosine of an angle in radians.
func cosine(_ x: Float) -> Float { cosf(x) }

/// Sine of an angle in radians.
func sine(_ x: Float) -> Float { sinf(x) }
