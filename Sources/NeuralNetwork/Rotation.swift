/// Rotations of vectors in space.
package enum Rotation {
    /// The matrix that turns about a unit axis, row-major (Rodrigues' formula).
    package static func matrix(
        axis: (Float, Float, Float), sine s: Float, cosine c: Float
    ) -> [Float] {
        let (x, y, z) = axis
        let r = 1 - c
        return [
            c + x * x * r, x * y * r - z * s, x * z * r + y * s,
            y * x * r + z * s, c + y * y * r, y * z * r - x * s,
            z * x * r - y * s, z * y * r + x * s, c + z * z * r,
        ]
    }
}
