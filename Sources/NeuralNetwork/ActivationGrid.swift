/// The 256 values that a u8 activation can have: those of 0...255 steps, or with zero point 128 of −128...127.
package struct ActivationGrid: Sendable, Equatable {
    /// Real value of one step.
    package let scale: Float
    private let inverse: Float
    /// Ends of the grid, in steps.
    private let lowest: Float
    private let highest: Float

    /// - Parameter isSigned: with zero point 128.
    /// - Precondition: `scale` above 0 and finite.
    package init(scale: Float, isSigned: Bool = false) {
        precondition(scale > 0 && scale.isFinite, "a grid has a step")
        self.scale = scale
        inverse = 1 / scale
        lowest = isSigned ? -128 : 0
        highest = isSigned ? 127 : 255
    }

    /// Real values at its ends.
    package var bounds: (low: Float, high: Float) { (lowest * scale, highest * scale) }

    /// The nearest value of the grid, the ends beyond them.
    @inline(__always)
    package func round(_ x: Float) -> Float {
        let steps = x * inverse
        let clamped = steps > lowest ? (steps < highest ? steps : highest) : lowest
        // Adding and taking off 1.5 · 2²³ rounds to an integer without a library call.
        return (clamped + 12_582_912 - 12_582_912) * scale
    }

    /// The nearest value of the grid for a mean of such values: halves go up, as in a student's integers.
    @inline(__always)
    package func roundMean(_ x: Float) -> Float {
        // A half that float arithmetic has left a little short is still one.
        let steps = x * inverse + 1e-3
        let clamped = steps > lowest ? (steps < highest ? steps : highest) : lowest
        return (clamped + 12_582_912 - 12_582_912) * scale
    }
}
