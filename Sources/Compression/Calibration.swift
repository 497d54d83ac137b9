import ModelArtifact
package import NeuralNetwork

/// Chooses a grid for a float network from what its weights and activations are on some windows.
package enum Calibration {
    /// - Parameters:
    ///   - weights: folded.
    ///   - inputs: normalised windows, (windows × samples × channels); some hundreds do.
    /// - Throws: `CompressionError` if the network cannot be quantised.
    package static func grid(
        _ weights: NetworkWeights, inputs: [Float], method: CalibrationMethod = .meanSquare
    ) throws(CompressionError) -> Int8Grid {
        let plan = try checkedPlan(weights)
        var grid = Int8Grid(
            inputScale: method.scale(of: inputs, steps: 127),
            layers: plan.layers.map { layer in
                let isLast = layer == plan.layers.last
                return Int8Grid.Layer(weightScale: weightScale(weights, layer, isLast: isLast, method), outputScale: 1)
            })
        for (position, values) in activations(weights, plan, inputs).enumerated() {
            grid.layers[position].outputScale = method.scale(of: values, steps: plan.layers[position].highest)
        }
        grid.setLogitScale()
        return grid
    }

    /// A grid in use, with new steps for nothing but the tensors that leave it, so that an update of a student stays
    /// small.
    ///
    /// A tensor leaves its grid where rounding it there changes it by more than a thousandth of its energy, and by more than
    /// twice what steps of its own would.
    ///
    /// - Parameters: as of ``grid(_:inputs:method:)``.
    /// - Returns: the grid, and the indices in the spec of layers whose weights or activations got new steps.
    package static func keeping(
        _ grid: Int8Grid, _ weights: NetworkWeights, inputs: [Float], method: CalibrationMethod = .meanSquare
    ) throws(CompressionError) -> (grid: Int8Grid, renewed: [Int]) {
        let plan = try checkedPlan(weights)
        var result = grid
        func renew(_ values: [Float], _ scale: Float, _ steps: Float) -> Float? {
            let own = method.scale(of: values, steps: steps)
            let best = CalibrationMethod.squaredError(values, scale: own, steps: steps)
            return leaves(values, CalibrationMethod.squaredError(values, scale: scale, steps: steps), best) ? own : nil
        }
        if let scale = renew(inputs, grid.inputScale, 127) { result.inputScale = scale }
        var renewed = Set<Int>()
        for (position, layer) in plan.layers.enumerated() {
            let start = weights.layout.offset(layer.index, .weight)
            func error(_ scales: [Float]) -> Float {
                scales.enumerated().reduce(0) { sum, output in
                    let first = start + output.offset * layer.depth
                    return sum
                        + CalibrationMethod.squaredError(
                            weights.values[first..<first + layer.depth], scale: output.element, steps: 127)
                }
            }
            let own = weightScale(weights, layer, isLast: position == plan.layers.count - 1, method)
            let all = weights.values[start..<start + layer.outputs * layer.depth]
            guard leaves(all, error(grid.layers[position].weightScale), error(own)) else { continue }
            result.layers[position].weightScale = own
            renewed.insert(layer.index)
        }
        for (position, values) in activations(weights, plan, inputs).enumerated() {
            let layer = plan.layers[position]
            guard let scale = renew(values, grid.layers[position].outputScale, layer.highest) else { continue }
            result.layers[position].outputScale = scale
            renewed.insert(layer.index)
        }
        result.setLogitScale()
        return (result, renewed.sorted())
    }

    private static func leaves(_ values: some Collection<Float>, _ error: Float, _ best: Float) -> Bool {
        error > max(2 * best, 1e-3 * values.reduce(0) { $0 + $1 * $1 })
    }

    private static func checkedPlan(_ weights: NetworkWeights) throws(CompressionError) -> QuantisationPlan {
        let plan = try QuantisationPlan(weights.spec)
        guard weights.values.allSatisfy(\.isFinite) else {
            throw CompressionError(.notFinite, "a weight is not finite")
        }
        return plan
    }

    /// One step for each output's weights, one for all of the last layer's.
    private static func weightScale(
        _ weights: NetworkWeights, _ layer: QuantisationPlan.Layer, isLast: Bool, _ method: CalibrationMethod
    ) -> [Float] {
        let start = weights.layout.offset(layer.index, .weight)
        if isLast {
            let all = Array(weights.values[start..<start + layer.outputs * layer.depth])
            return [Float](repeating: method.scale(of: all, steps: 127), count: layer.outputs)
        }
        return (0..<layer.outputs).map { output in
            let own = weights.values[start + output * layer.depth..<start + (output + 1) * layer.depth]
            return method.scale(of: Array(own), steps: 127)
        }
    }

    /// What stands on the grid of each layer but the last.
    private static func activations(
        _ weights: NetworkWeights, _ plan: QuantisationPlan, _ inputs: [Float]
    ) -> [[Float]] {
        let spec = weights.spec
        let size = spec.samples * spec.channels
        let batch = 32
        let pass = NetworkPass(spec: spec, capacity: batch, training: false)
        pass.load(weights)
        var records = plan.layers.dropLast().map { _ in [Float]() }
        for start in stride(from: 0, to: inputs.count / size, by: batch) {
            let count = min(batch, inputs.count / size - start)
            for index in 0..<count {
                for k in 0..<size { pass.input.window(index)[k] = inputs[(start + index) * size + k] }
            }
            pass.forward(count: count, training: false)
            for (position, layer) in plan.layers.dropLast().enumerated() {
                guard let output = layer.activations.first.flatMap({ pass.outputs[$0] }) else { continue }
                for index in 0..<count {
                    records[position] += UnsafeBufferPointer(
                        start: output.window(index), count: output.samples * output.channels)
                }
            }
        }
        return records
    }
}
