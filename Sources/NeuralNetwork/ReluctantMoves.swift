/// Draws every value back to where it began by a fixed length a step, after another optimiser has stepped: only what the
/// loss asks for again and again moves.
///
/// - Source: the proximal operator of an L1 penalty on moves (soft thresholding), Parikh & Boyd 2014, Proximal Algorithms,
///   §6.5.2; with steps that an adaptive optimiser has made alike in size for all values.
package final class ReluctantMoves: Optimiser {
    private let optimiser: any Optimiser
    private let origin: [Float]
    private let weight: Float

    /// - Parameter weight: length of the way back, as a share of the learning rate; below 1.
    package init(_ optimiser: any Optimiser, origin: [Float], weight: Float) {
        precondition(weight >= 0, "a weight of moves is 0 or more")
        self.optimiser = optimiser
        self.origin = origin
        self.weight = weight
    }

    package func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float) {
        optimiser.step(values, gradients, rate: rate)
        let length = rate * weight
        for index in origin.indices {
            let move = values[index] - origin[index]
            values[index] = origin[index] + (move > length ? move - length : move < -length ? move + length : 0)
        }
    }

    package var state: [[Float]] {
        get { optimiser.state }
        set { optimiser.state = newValue }
    }
}
