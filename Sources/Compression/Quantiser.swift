public import ModelArtifact
public import NeuralNetwork

/// Rounds a folded network to a grid: while it is fine-tuned, and into the integers of a student.
public struct Quantiser: Sendable {
    public let spec: NetworkSpec
    public let grid: Int8Grid
    package let plan: QuantisationPlan
    private let steps: [Steps]

    /// One tensor's step at each output.
    private struct Steps: Sendable {
        var offset: Int
        var depth: Int
        /// Largest whole number either way.
        var limit: Float
        var scale: [Float]
        var inverse: [Float]
    }

    /// - Throws: `CompressionError` if the spec cannot be quantised or the grid is another network's.
    public init(spec: NetworkSpec, grid: Int8Grid) throws(CompressionError) {
        let plan = try QuantisationPlan(spec)
        guard plan.layers.count == grid.layers.count,
            zip(plan.layers, grid.layers).allSatisfy({ $0.outputs == $1.weightScale.count })
        else { throw CompressionError(.unsupportedNetwork, "the grid is that of another network") }
        let all = grid.layers.flatMap { $0.weightScale + [$0.outputScale] } + [grid.inputScale]
        guard all.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw CompressionError(.notFinite, "a step of the grid is not above 0 and finite")
        }
        self.spec = spec
        self.grid = grid
        self.plan = plan
        let layout = ParameterLayout(spec)
        var steps: [Steps] = []
        for (position, layer) in plan.layers.enumerated() {
            let weight = grid.layers[position].weightScale
            let before = grid.inputScale(of: position)
            let bias = weight.map { $0 * before }
            steps.append(
                Steps(
                    offset: layout.offset(layer.index, .weight), depth: layer.depth, limit: 127, scale: weight,
                    inverse: weight.map { 1 / $0 }))
            steps.append(
                Steps(
                    offset: layout.offset(layer.index, .bias), depth: 1, limit: 4_194_303, scale: bias,
                    inverse: bias.map { 1 / $0 }))
        }
        self.steps = steps
    }

    /// A whole number of steps, ties to even, within the limit.
    @inline(__always)
    private static func whole(_ value: Float, _ inverse: Float, _ limit: Float) -> Float {
        let steps = value * inverse
        let clamped = steps > -limit ? (steps < limit ? steps : limit) : -limit
        return clamped + 12_582_912 - 12_582_912
    }

    /// Writes each value's nearest point of the grid.
    package func project(_ values: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
        for tensor in steps {
            for output in tensor.scale.indices {
                let (scale, inverse) = (tensor.scale[output], tensor.inverse[output])
                let start = tensor.offset + output * tensor.depth
                for index in start..<start + tensor.depth {
                    result[index] = Self.whole(values[index], inverse, tensor.limit) * scale
                }
            }
        }
    }

    /// A network of which one layer alone stands on the grid: what that layer's integers cost by themselves.
    ///
    /// - Parameter layer: its index in the spec.
    /// - Returns: the weights, and where a pass rounds activations.
    package func rounding(
        _ weights: NetworkWeights, only layer: Int
    ) -> (weights: NetworkWeights, activations: [Int: ActivationGrid]) {
        guard let position = plan.layers.firstIndex(where: { $0.index == layer }) else { return (weights, [:]) }
        var result = weights
        for tensor in steps[2 * position...2 * position + 1] {
            let whole = integers(weights.values, tensor)
            for index in whole.indices {
                result.values[tensor.offset + index] = whole[index] * tensor.scale[index / tensor.depth]
            }
        }
        let own = plan.layers[position].activations
        return (result, grid.activationGrids(plan).filter { own.contains($0.key) })
    }

    /// Each value at its nearest point of the grid.
    package func projected(_ weights: NetworkWeights) -> NetworkWeights {
        var result = weights
        for tensor in steps {
            let whole = integers(weights.values, tensor)
            for index in whole.indices {
                result.values[tensor.offset + index] = whole[index] * tensor.scale[index / tensor.depth]
            }
        }
        return result
    }

    /// Whole steps from one network's values to another's.
    package func steps(from values: [Float], to others: [Float]) -> [Int] {
        var result = [Int](repeating: 0, count: values.count)
        for tensor in steps {
            let moves = zip(integers(others, tensor), integers(values, tensor)).map { Int($0 - $1) }
            result.replaceSubrange(tensor.offset..<tensor.offset + moves.count, with: moves)
        }
        return result
    }

    /// The integers of a network.
    ///
    /// - Parameter weights: of ``spec``.
    /// - Throws: `CompressionError` if a number is not finite or leaves the integers it is stored in.
    public func layers(_ weights: NetworkWeights) throws(CompressionError) -> [Student.QuantisedLayer] {
        precondition(weights.spec == spec, "weights of the quantiser's network")
        guard weights.values.allSatisfy(\.isFinite) else {
            throw CompressionError(.notFinite, "a weight is not finite")
        }
        var result: [Student.QuantisedLayer] = []
        for position in plan.layers.indices {
            let last = position == plan.layers.count - 1
            let step = grid.layers[position]
            let weight = integers(weights.values, steps[2 * position]).map { Int8($0) }
            let bias = integers(weights.values, steps[2 * position + 1]).map { Int32($0) }
            let layer = Student.QuantisedLayer(
                weight: weight, bias: bias, weightScale: step.weightScale, outputScale: step.outputScale,
                inputScale: last ? nil : grid.inputScale(of: position))
            guard last || layer.multiplier.count == step.weightScale.count else {
                throw CompressionError(
                    .outOfRange, "layer \(plan.layers[position].index): integers cannot hold a factor of its scales")
            }
            result.append(layer)
        }
        return result
    }

    private func integers(_ values: [Float], _ tensor: Steps) -> [Float] {
        tensor.scale.indices.flatMap { output in
            let start = tensor.offset + output * tensor.depth
            return (start..<start + tensor.depth).map {
                Self.whole(values[$0], tensor.inverse[output], tensor.limit)
            }
        }
    }

    /// The float network that a student's integers stand for, to go on training from it.
    ///
    /// - Throws: `CompressionError.unsupportedNetwork` if the student's tensors do not fit its spec.
    public static func weights(of student: Student) throws(CompressionError) -> NetworkWeights {
        let plan = try QuantisationPlan(student.spec)
        var weights = NetworkWeights(spec: student.spec, seed: 0)
        guard plan.layers.count == student.layers.count else {
            throw CompressionError(.unsupportedNetwork, "the student has \(student.layers.count) layers of weights")
        }
        let grid = Int8Grid(of: student)
        for (position, (layer, stored)) in zip(plan.layers, student.layers).enumerated() {
            guard stored.weight.count == layer.outputs * layer.depth, stored.bias.count == layer.outputs,
                stored.weightScale.count == layer.outputs
            else { throw CompressionError(.unsupportedNetwork, "layer \(layer.index): tensors of another shape") }
            let weight = weights.layout.offset(layer.index, .weight)
            let bias = weights.layout.offset(layer.index, .bias)
            for index in stored.weight.indices {
                weights.values[weight + index] = Float(stored.weight[index]) * stored.weightScale[index / layer.depth]
            }
            for index in stored.bias.indices {
                weights.values[bias + index] =
                    Float(stored.bias[index]) * (grid.inputScale(of: position) * stored.weightScale[index])
            }
        }
        return weights
    }
}
