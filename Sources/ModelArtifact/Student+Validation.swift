extension Student {
    /// Checks everything that inference relies on: after this, no student overflows or reads out of bounds.
    ///
    /// - Parameter requiringGolden: false while the golden vectors still have to be computed.
    /// - Throws: ``ArtifactError`` `.inconsistent` or `.tooLarge`, naming the part.
    public func validate(requiringGolden: Bool = true) throws(ArtifactError) {
        try spec.validateRunnable(task, normalisation)
        try Self.positive([inputScale], "scales.input")
        // The factor that inference multiplies by must itself be a number.
        try Self.positive(
            normalisation.standardDeviation.map { 1 / ($0 * inputScale) }, "1 / (standardDeviation · scales.input)")
        try gate.validate()
        let weighted = spec.weightedLayers
        try Self.check(
            layers.count == weighted.count, "\(layers.count) quantised layers for \(weighted.count) in the spec")
        let zeroPoints = spec.activationZeroPoints
        var scale = inputScale
        for (layer, index) in zip(layers, weighted) {
            try validate(layer, at: index, zeroPoint: zeroPoints[index], inputScale: scale)
            scale = layer.outputScale
        }
        try Self.check(
            ((requiringGolden ? 1 : 0)...64).contains(golden.count),
            "golden: 1 to 64 vectors are needed, not \(golden.count)")
        for vector in golden {
            try Self.check(
                vector.input.count == spec.samples * spec.channels && vector.logits.count == spec.outputs,
                "golden: a vector has another size than the network's input and output")
        }
        if let base {
            try Self.check(ContentDigest(hex: base) != nil, "base: 64 lower-case hexadecimal digits are expected")
        }
    }

    /// Checks the limits that the task sets for its devices.
    ///
    /// - Parameter fileBytes: size of the encoded student.
    /// - Throws: ``ArtifactError`` `.overLimit`.
    public func validateLimits(fileBytes: Int) throws(ArtifactError) {
        guard spec.parameterCount <= task.student.parameters else {
            throw ArtifactError(
                .overLimit, "\(spec.parameterCount) parameters; the task allows \(task.student.parameters)")
        }
        guard fileBytes <= task.student.bytes else {
            throw ArtifactError(.overLimit, "\(fileBytes) bytes; the task allows \(task.student.bytes)")
        }
    }

    static func check(_ holds: Bool, _ message: @autoclosure () -> String) throws(ArtifactError) {
        if !holds { throw ArtifactError(.inconsistent, message()) }
    }

    static func positive(_ values: [Float], _ name: String) throws(ArtifactError) {
        try check(values.allSatisfy { $0.isNormal && $0 > 0 }, "\(name): a value is not finite and above 0")
    }

    private func validate(
        _ layer: QuantisedLayer, at index: Int, zeroPoint: UInt8, inputScale: Float
    ) throws(ArtifactError) {
        let name = "layers.\(index)"
        let (outputs, inputs) = spec.weightShape(at: index)
        let isLast = index == spec.layers.count - 1
        try Self.check(inputs <= 65_536, "\(name): \(inputs) inputs of one output are more than 65536")
        try Self.check(
            layer.weight.count == outputs * inputs && layer.bias.count == outputs && layer.weightScale.count == outputs,
            "\(name): weight, bias or scale has another size than \(outputs) × \(inputs)")
        try Self.positive(layer.weightScale, "\(name): weight scale")
        try Self.positive([layer.outputScale], "\(name): output scale")
        let factors = QuantisedLayer.requantisation(
            layer.weightScale, from: isLast ? nil : inputScale, to: layer.outputScale)
        try Self.check(
            factors.count == (isLast ? 0 : outputs), "\(name): its scales give a factor that integers cannot hold")
        try Self.check(
            layer.multiplier == factors.map(\.multiplier) && layer.shift == factors.map(\.shift),
            "\(name): multipliers and shifts are not those of its scales")
        if isLast {
            try Self.check(
                Set(layer.weightScale).count == 1, "\(name): the last layer has one weight scale for all outputs")
        }
        // |a − z| is at most 128 where z is 128 and 255 after a ReLU; the sum must stay within i32 in any order.
        let reach = max(255 - Int64(zeroPoint), Int64(zeroPoint))
        for output in 0..<outputs {
            var sum = Int64(layer.bias[output].magnitude)
            for weight in layer.weight[output * inputs..<(output + 1) * inputs] {
                try Self.check(weight != .min, "\(name): a weight is −128; the grid is −127...127")
                sum += reach * Int64(weight.magnitude)
            }
            try Self.check(sum <= Int64(Int32.max), "\(name): output \(output) could overflow its 32-bit accumulator")
        }
    }
}

extension Student.Gate {
    func validate() throws(ArtifactError) {
        try Student.positive([temperature], "gate.temperature")
        try Student.check((0...1).contains(threshold), "gate.threshold: \(threshold) is not within 0...1")
        if let standardDeviation {
            try Student.check(
                standardDeviation.isFinite && standardDeviation >= 0,
                "gate.standardDeviation: \(standardDeviation) is not finite and 0 or more")
        }
    }
}
