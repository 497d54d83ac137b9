extension Student {
    /// Work for one window that is still accepted, so that no file can keep an edge busy.
    public static let maximumMultiplyAccumulates = 1 << 28

    /// Checks everything that inference relies on: after this, no student overflows or reads out of bounds.
    ///
    /// - Parameter requiringGolden: false while the golden vectors still have to be computed.
    /// - Throws: ``ArtifactError`` `.inconsistent` or `.tooLarge`, naming the part.
    public func validate(requiringGolden: Bool = true) throws(ArtifactError) {
        try spec.validate()
        guard spec.multiplyAccumulates <= Self.maximumMultiplyAccumulates,
            spec.extents.allSatisfy({ $0.count <= 1 << 20 })
        else {
            throw ArtifactError(.tooLarge, "\(spec.multiplyAccumulates) multiply-accumulates a window are too many")
        }
        try validateArchitecture()
        try Self.check(
            spec.samples == task.window && spec.channels == task.channels.count,
            "the network takes \(spec.samples) × \(spec.channels) values, the task's windows have \(task.window) × \(task.channels.count)"
        )
        try Self.check(
            spec.outputs == task.outputs,
            "the network has \(spec.outputs) outputs, the task \(task.outputs)")
        try Self.check(
            normalisation.mean.count == spec.channels && normalisation.standardDeviation.count == spec.channels,
            "normalisation: one mean and one standardDeviation a channel are needed")
        try Self.check(normalisation.mean.allSatisfy(\.isFinite), "normalisation.mean: a value is not finite")
        try Self.positive(normalisation.standardDeviation, "normalisation.standardDeviation")
        try Self.positive([inputScale], "scales.input")
        // The factor that inference multiplies by must itself be a number.
        try Self.positive(
            normalisation.standardDeviation.map { 1 / ($0 * inputScale) }, "1 / (standardDeviation · scales.input)")
        try Self.positive([gate.temperature], "gate.temperature")
        try Self.check((0...1).contains(gate.threshold), "gate.threshold: \(gate.threshold) is not within 0...1")
        let weighted = spec.weightedLayers
        try Self.check(
            layers.count == weighted.count, "\(layers.count) quantised layers for \(weighted.count) in the spec")
        for (layer, index) in zip(layers, weighted) { try validate(layer, at: index) }
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

    private static func positive(_ values: [Float], _ name: String) throws(ArtifactError) {
        try check(values.allSatisfy { $0.isNormal && $0 > 0 }, "\(name): a value is not finite and above 0")
    }

    /// A layer with weights is followed by its ReLU; the last is a dense one without.
    private func validateArchitecture() throws(ArtifactError) {
        for (index, layer) in spec.layers.enumerated() {
            let next = index + 1 < spec.layers.count ? spec.layers[index + 1] : nil
            switch layer {
            case .batchNorm, .dropout:
                throw ArtifactError(
                    .inconsistent, "spec.layers[\(index)]: a student has neither batch norm nor dropout")
            case .convolution(_, _, _, let dilation):
                try Self.check(dilation == 1, "spec.layers[\(index)]: a student's convolution has no dilation")
                try Self.check(next == .relu, "spec.layers[\(index)]: a student's convolution is followed by a ReLU")
            case .dense:
                try Self.check(
                    next == nil || next == .relu,
                    "spec.layers[\(index)]: a student's dense layer is last or followed by a ReLU")
            case .relu:
                let before = index > 0 ? spec.layers[index - 1] : .relu
                switch before {
                case .convolution, .dense: break
                default:
                    throw ArtifactError(
                        .inconsistent, "spec.layers[\(index)]: a student's ReLU follows a convolution or dense layer")
                }
            case .maxPool, .averagePool, .globalAveragePool: break
            case .depthwiseConvolution, .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid, .tanh, .softmax,
                .maxPool2D, .averagePool2D, .globalMaxPool, .gru, .residual:
                throw ArtifactError(.inconsistent, "spec.layers[\(index)]: only teachers have this layer")
            }
        }
        guard case .dense = spec.layers.last else {
            throw ArtifactError(.inconsistent, "spec.layers: a student's last layer is dense")
        }
    }

    private func validate(_ layer: QuantisedLayer, at index: Int) throws(ArtifactError) {
        let name = "layers.\(index)"
        let (outputs, inputs) = spec.weightShape(at: index)
        let isLast = index == spec.layers.count - 1
        try Self.check(inputs <= 65_536, "\(name): \(inputs) inputs of one output are more than 65536")
        try Self.check(
            layer.weight.count == outputs * inputs && layer.bias.count == outputs && layer.weightScale.count == outputs,
            "\(name): weight, bias or scale has another size than \(outputs) × \(inputs)")
        try Self.positive(layer.weightScale, "\(name): weight scale")
        try Self.positive([layer.outputScale], "\(name): output scale")
        let requantised = isLast ? 0 : outputs
        try Self.check(
            layer.multiplier.count == requantised && layer.shift.count == requantised,
            "\(name): \(requantised) multipliers and shifts are expected")
        try Self.check(layer.multiplier.allSatisfy { $0 >= 0 }, "\(name): a multiplier is negative")
        try Self.check(layer.shift.allSatisfy { (1...62).contains($0) }, "\(name): a shift is not within 1...62")
        if isLast {
            try Self.check(
                Set(layer.weightScale).count == 1, "\(name): the last layer has one weight scale for all outputs")
        }
        // |a − z| is at most 128 on the input and 255 after a ReLU; the sum must stay within i32 in any order.
        let reach: Int64 = index == spec.weightedLayers.first ? 128 : 255
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
