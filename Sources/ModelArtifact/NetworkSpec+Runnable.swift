extension NetworkSpec {
    /// Work for one window that is still accepted, so that no file can keep an edge busy.
    public static let maximumMultiplyAccumulates = 1 << 28
    /// Activations of all layers, padding included, that are still accepted: an engine takes memory for so many.
    public static let maximumActivations = 1 << 26

    /// Checks that edges can run the network on a task's windows, within bounds of time and memory.
    ///
    /// - Throws: ``ArtifactError`` `.inconsistent` or `.tooLarge`, naming the part.
    func validateRunnable(_ task: TaskDocument, _ normalisation: Student.Normalisation) throws(ArtifactError) {
        try validate()
        guard multiplyAccumulates <= Self.maximumMultiplyAccumulates, extents.allSatisfy({ $0.count <= 1 << 20 }) else {
            throw ArtifactError(.tooLarge, "\(multiplyAccumulates) multiply-accumulates a window are too many")
        }
        let activations = zip(layers.indices, extents).reduce(0) { sum, layer in
            let around = padding(at: layer.0)
            return sum + (around.before + layer.1.samples + around.after) * layer.1.channels
        }
        guard activations <= Self.maximumActivations else {
            throw ArtifactError(.tooLarge, "\(activations) activations a window, padding included, are too many")
        }
        try validateArchitecture()
        try Student.check(
            samples == task.window && channels == task.channels.count,
            "the network takes \(samples) × \(channels) values, the task's windows have \(task.window) × \(task.channels.count)"
        )
        try Student.check(outputs == task.outputs, "the network has \(outputs) outputs, the task \(task.outputs)")
        try Student.check(
            normalisation.mean.count == channels && normalisation.standardDeviation.count == channels,
            "normalisation: one mean and one standardDeviation a channel are needed")
        try Student.check(normalisation.mean.allSatisfy(\.isFinite), "normalisation.mean: a value is not finite")
        try Student.positive(normalisation.standardDeviation, "normalisation.standardDeviation")
    }

    /// A ReLU stands directly behind a layer with weights; the last layer is dense and has none.
    private func validateArchitecture() throws(ArtifactError) {
        for (index, layer) in layers.enumerated() {
            switch layer {
            case .batchNorm, .dropout:
                throw ArtifactError(
                    .inconsistent, "spec.layers[\(index)]: a student has neither batch norm nor dropout")
            case .relu:
                let before = index > 0 ? layers[index - 1] : .relu
                switch before {
                case .convolution, .depthwiseConvolution, .dense: break
                default:
                    throw ArtifactError(
                        .inconsistent, "spec.layers[\(index)]: a student's ReLU follows a convolution or dense layer")
                }
            case .convolution, .depthwiseConvolution, .dense, .maxPool, .averagePool, .globalAveragePool,
                .globalMaxPool:
                break
            case .convolution2D, .spectrogram, .relu6, .gelu, .sigmoid, .tanh, .softmax, .maxPool2D, .averagePool2D,
                .gru, .residual:
                throw ArtifactError(.inconsistent, "spec.layers[\(index)]: only teachers have this layer")
            }
        }
        guard case .dense = layers.last else {
            throw ArtifactError(.inconsistent, "spec.layers: a student's last layer is dense")
        }
    }
}
