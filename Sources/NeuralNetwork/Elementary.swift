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

/// 1 / (1 + e⁻ˣ).
@inline(__always)
func logistic(_ x: Float) -> Float { 1 / (1 + expf(-x)) }

/// Hyperbolic tangent.
@inline(__always)
func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }

/// Share of the standard normal distribution below `x`.
@inline(__always)
func normalShare(_ x: Float) -> Float { 0.5 * erfcf(-x * 0.707_106_78) }
