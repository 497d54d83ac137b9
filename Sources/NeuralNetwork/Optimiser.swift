/// Moves parameters along their gradients.
package protocol Optimiser: AnyObject {
    /// One step with a learning rate; `values` and `gradients` are as long as the optimiser was made for.
    func step(_ values: UnsafeMutablePointer<Float>, _ gradients: UnsafePointer<Float>, rate: Float)

    /// All that later steps depend on: from a copy of it, and of the values, training goes on bit for bit.
    ///
    /// Only what was read from an optimiser of the same kind and size may be written.
    var state: [[Float]] { get set }
}

/// The optimisers to choose from, each with the field's usual settings.
public enum OptimiserKind: Sendable, Equatable {
    /// Stochastic gradient descent.
    case sgd(momentum: Float = 0.9, nesterov: Bool = true)
    case adam
    /// Adam with weight decay kept out of the moments.
    case adamW
    case rmsProp(momentum: Float = 0)

    /// - Parameters:
    ///   - layout: of the network to train; see ``ParameterLayout/decayShares``.
    ///   - anchor: what values decay towards; zero if `nil`.
    ///   - clipping: largest norm of the gradient of all values together; none if `nil`.
    package func optimiser(
        for layout: ParameterLayout, weightDecay: Float, anchor: [Float]? = nil, clipping: Float? = nil
    ) -> any Optimiser {
        let decay = WeightDecay(rate: weightDecay, shares: layout.decayShares, anchor: anchor)
        let optimiser: any Optimiser =
            switch self {
            case .sgd(let momentum, let nesterov): GradientDescent(decay, momentum: momentum, nesterov: nesterov)
            case .adam: Adam(decay)
            case .adamW: AdamW(decay: layout.decayShares, weightDecay: weightDecay, anchor: anchor)
            case .rmsProp(let momentum): RMSProp(decay, momentum: momentum)
            }
        return clipping.map { GradientClipping(optimiser, count: layout.valueCount, limit: $0) } ?? optimiser
    }
}

extension ParameterLayout {
    /// 1 for weights that decay, 0 for biases and batch norm's scale and shift.
    package var decayShares: [Float] {
        var shares = [Float](repeating: 0, count: valueCount)
        for entry in values where entry.shape.count > 1 {
            for index in entry.range { shares[index] = 1 }
        }
        return shares
    }
}
