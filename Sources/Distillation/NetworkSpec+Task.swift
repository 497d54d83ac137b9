public import ModelArtifact

extension NetworkSpec {
    /// A teacher for a task: four convolutions with batch norm, pooled between where windows are long enough; two dense
    /// layers where a window is a single sample.
    ///
    /// - Parameter outputs: the task's own number if `nil`.
    public static func teacher(for task: TaskDocument, outputs: Int? = nil) -> NetworkSpec {
        let outputs = outputs ?? task.outputs
        guard task.window > 1 else {
            return NetworkSpec(
                samples: 1, channels: task.channels.count,
                layers: [
                    .dense(units: 128), .batchNorm, .relu, .dropout(rate: 0.2), .dense(units: 128), .batchNorm, .relu,
                    .dropout(rate: 0.2), .dense(units: outputs),
                ])
        }
        var layers: [Layer] = []
        var samples = task.window
        for (index, filters) in [64, 64, 128, 128].enumerated() {
            // Long windows are halved at once: the first layers are the dear ones.
            let stride = index == 0 && samples > 192 ? 2 : 1
            layers += [.convolution(filters: filters, kernel: min(5, max(1, samples)), stride: stride)]
            layers += [.batchNorm, .relu]
            samples = (samples + stride - 1) / stride
            if (index == 1 || index == 2) && samples >= 8 {
                layers.append(.maxPool(size: 2))
                samples /= 2
            }
        }
        layers += [.globalAveragePool, .dropout(rate: 0.3), .dense(units: outputs)]
        return NetworkSpec(samples: task.window, channels: task.channels.count, layers: layers)
    }

    /// A student for a task as it is deployed: three convolutions of widths 3 : 4 : 6, as wide as the task's limit of
    /// parameters allows; one hidden dense layer where a window is a single sample.
    ///
    /// The narrowest is returned where even that has more parameters than the limit.
    ///
    /// - Parameters:
    ///   - outputs: the task's own number if `nil`.
    ///   - parameters: the limit; the task's own if `nil`.
    public static func student(
        for task: TaskDocument, outputs: Int? = nil, parameters: Int? = nil
    ) -> NetworkSpec {
        widest(parameters ?? task.student.parameters) { student(for: task, eighths: $0, outputs ?? task.outputs) }
    }

    /// A student whose convolutions but the first are split into a depthwise one and one over channels, as wide as the
    /// task's limit of parameters allows.
    ///
    /// - Source: Howard et al. 2017, arXiv:1704.04861, §3.1, without the activation between the two.
    public static func separableStudent(for task: TaskDocument, outputs: Int? = nil) -> NetworkSpec {
        guard task.window > 1 else { return student(for: task, outputs: outputs) }
        return widest(task.student.parameters) { eighths in
            let plain = student(for: task, eighths: 2 * eighths, outputs ?? task.outputs)
            var spec = plain
            spec.layers = plain.layers.enumerated().flatMap { index, layer -> [Layer] in
                guard case .convolution(let filters, let kernel, let stride, _) = layer, index > 0 else {
                    return [layer]
                }
                return [
                    .depthwiseConvolution(kernel: kernel, stride: stride),
                    .convolution(filters: filters, kernel: 1, stride: 1),
                ]
            }
            return spec
        }
    }

    /// The widest of networks that get wider with the width asked for.
    private static func widest(_ parameters: Int, _ make: (Int) -> NetworkSpec) -> NetworkSpec {
        var best = make(1)
        for width in 2...256 {
            let wider = make(width)
            guard wider.parameterCount <= parameters else { break }
            best = wider
        }
        return best
    }

    private static func student(for task: TaskDocument, eighths: Int, _ outputs: Int) -> NetworkSpec {
        guard task.window > 1 else {
            return NetworkSpec(
                samples: 1, channels: task.channels.count,
                layers: [.dense(units: 2 * eighths), .relu, .dense(units: outputs)])
        }
        var layers: [Layer] = []
        var samples = task.window
        for width in [12, 16, 24] {
            let stride = samples >= 8 ? 2 : 1
            layers.append(
                .convolution(
                    filters: max(2, (width * eighths + 4) / 8), kernel: min(5, max(1, samples)), stride: stride))
            layers.append(.relu)
            samples = (samples + stride - 1) / stride
        }
        layers += [.globalAveragePool, .dense(units: outputs)]
        return NetworkSpec(samples: task.window, channels: task.channels.count, layers: layers)
    }

    /// The same network with batch norm behind each convolution, as it is trained before folding.
    public var trainable: NetworkSpec {
        var spec = self
        spec.layers = layers.flatMap { layer in
            if case .convolution = layer { [layer, .batchNorm] } else { [layer] }
        }
        return spec
    }
}
