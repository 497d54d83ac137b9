import ModelArtifact
package import NeuralNetwork

/// Chooses a grid for a float network from what its weights and activations are on some windows.
package enum Calibration {
    /// - Parameters:
    ///   - weights: folded.
    ///   - inputs: normalised windows, (windows × samples × channels); some hundreds do.
    /// - Throws: `CompressionError` if the network cannot be quantised.
    package static func grid(_ weights: NetworkWeights, inputs: [Float]) throws(CompressionError) -> Int8Grid {
        let plan = try QuantisationPlan(weights.spec)
        guard weights.values.allSatisfy(\.isFinite) else {
            throw CompressionError(.notFinite, "a weight is not finite")
        }
        let activations = record(weights, plan, inputs)
        let inputScale = scale(of: inputs, steps: 127)
        var layers: [Int8Grid.Layer] = []
        for (position, layer) in plan.layers.enumerated() {
            let offset = weights.layout.offset(layer.index, .weight)
            let last = position == plan.layers.count - 1
            var scales: [Float]
            if last {
                let all = Array(weights.values[offset..<offset + layer.outputs * layer.depth])
                scales = [Float](repeating: scale(of: all, steps: 127), count: layer.outputs)
            } else {
                scales = (0..<layer.outputs).map { output in
                    let start = offset + output * layer.depth
                    return scale(of: Array(weights.values[start..<start + layer.depth]), steps: 127)
                }
            }
            let before = position == 0 ? inputScale : layers[position - 1].outputScale
            let outputScale = last ? before * scales[0] : scale(of: activations[position], steps: 255)
            layers.append(Int8Grid.Layer(weightScale: scales, outputScale: outputScale))
        }
        return Int8Grid(inputScale: inputScale, layers: layers)
    }

    /// What stands behind the ReLU of each layer but the last.
    private static func record(_ weights: NetworkWeights, _ plan: QuantisationPlan, _ inputs: [Float]) -> [[Float]] {
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

    /// The step with the least squared error when values are rounded to at most `steps` of it either way.
    ///
    /// Clipping a few large values is often cheaper than a coarse grid for all.
    static func scale(of values: [Float], steps: Float) -> Float {
        var largest: Float = 0
        for value in values { largest = max(largest, abs(value)) }
        guard largest > 0 else { return 1 / steps }
        // Enough values to tell errors apart; all of them where there are few.
        let every = max(1, values.count / 50_000)
        let sample = stride(from: 0, to: values.count, by: every).map { values[$0] }
        var best = (error: Float.infinity, scale: largest / steps)
        for step in 0..<40 {
            let scale = largest * (1 - 0.02 * Float(step)) / steps
            let inverse = 1 / scale
            var error: Float = 0
            for value in sample {
                let whole = value * inverse
                let clamped = whole > -steps ? (whole < steps ? whole : steps) : -steps
                let difference = value - (clamped + 12_582_912 - 12_582_912) * scale
                error += difference * difference
            }
            if error < best.error { best = (error, scale) }
        }
        return best.scale
    }
}
