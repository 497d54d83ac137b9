/// The 256 values that a u8 activation with zero point 0 can have.
package struct ActivationGrid: Sendable, Equatable {
    /// Real value of one step.
    package let scale: Float
    private let inverse: Float

    /// - Precondition: `scale` above 0 and finite.
    package init(scale: Float) {
        precondition(scale > 0 && scale.isFinite, "a grid has a step")
        self.scale = scale
        inverse = 1 / scale
    }

    /// The largest value.
    package var limit: Float { 255 * scale }

    /// The nearest value of the grid, the ends beyond them.
    @inline(__always)
    package func round(_ x: Float) -> Float {
        let steps = x * inverse
        let clamped = steps > 0 ? (steps < 255 ? steps : 255) : 0
        // Adding and taking off 1.5 · 2²³ rounds to an integer without a library call.
        return (clamped + 12_582_912 - 12_582_912) * scale
    }
}
