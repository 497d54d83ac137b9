import TensorKernels

/// Shortens gradients whose norm over all values is above a limit, before another optimiser steps.
///
/// - Source: Pascanu et al. 2013, arXiv:1211.5063, algorithm 1.
package final class GradientClipping: Optimiser {
    private let optimiser: any Optimiser
    private let limit: Float
    private let clipped: FloatBuffer

    /// - Precondition: limit above 0.
    package init(_ optimiser: any Optimiser, count: Int, limit: Float) {
        precondition(limit > 0, "a limit of norms is above 0")
        self.optimiser = optimiser
        self.limit = limit
        clipped = FloatBuffer(count: count)
    }

    package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        var square = 0.0
        for index in 0..<clipped.count { square += Double(gradients[index]) * Double(gradients[index]) }
        let norm = Float(square.squareRoot())
        guard norm > limit else { return optimiser.step(values, gradients, rate: rate) }
        let share = limit / norm
        for index in 0..<clipped.count { clipped.pointer[index] = gradients[index] * share }
        optimiser.step(values, clipped.pointer, rate: rate)
    }

    package var state: [[Float]] {
        get { optimiser.state }
        set { optimiser.state = newValue }
    }
}
