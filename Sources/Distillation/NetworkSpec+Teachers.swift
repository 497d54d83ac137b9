public import ModelArtifact

/// Teachers beyond the plain convolutional one. Each takes its task's own number of outputs unless told another, and
/// is the plain one where a window is a single sample.
extension NetworkSpec {
    /// A residual convolutional teacher: three residual layers of two convolutions each, at full, half and quarter rate.
    ///
    /// - Source: He et al. 2016, arXiv:1512.03385; for series: Wang et al. 2017, arXiv:1611.06455.
    public static func residualTeacher(for task: TaskDocument, outputs: Int? = nil) -> NetworkSpec {
        guard task.window > 1 else { return teacher(for: task, outputs: outputs) }
        // Long windows are halved at once: the first layers are the dear ones.
        let first = task.window > 192 ? 2 : 1
        var layers: [Layer] = [
            .convolution(filters: 48, kernel: kernel(task.window), stride: first), .batchNorm, .relu,
        ]
        var samples = (task.window + first - 1) / first
        for (filters, halves) in [(48, false), (80, true), (128, true)] {
            let stride = halves && samples >= 8 ? 2 : 1
            let wide = kernel(samples)
            samples = (samples + stride - 1) / stride
            layers.append(
                .residual([
                    .convolution(filters: filters, kernel: wide, stride: stride), .batchNorm, .relu,
                    .convolution(filters: filters, kernel: min(3, kernel(samples)), stride: 1), .batchNorm,
                ]))
            layers.append(.relu)
        }
        layers += [.globalAveragePool, .dropout(rate: 0.3), .dense(units: outputs ?? task.outputs)]
        return NetworkSpec(samples: task.window, channels: task.channels.count, layers: layers)
    }

    /// A convolutional teacher whose last part is recurrent: convolutions shorten the window to a quarter, a gated
    /// recurrent unit goes along it, and the mean of its states is classified.
    ///
    /// - Source: Ordóñez & Roggen 2016, Sensors 16(1), 115 (convolution and recurrence on body-worn sensors).
    public static func recurrentTeacher(for task: TaskDocument, outputs: Int? = nil) -> NetworkSpec {
        guard task.window > 1 else { return teacher(for: task, outputs: outputs) }
        var layers: [Layer] = []
        var samples = task.window
        for filters in [64, 96, 128] {
            // Long windows are halved at once.
            let stride = layers.isEmpty && samples > 192 ? 2 : 1
            layers += [.convolution(filters: filters, kernel: kernel(samples), stride: stride), .batchNorm, .relu]
            samples = (samples + stride - 1) / stride
            if filters < 128, samples >= 8 {
                layers.append(.maxPool(size: 2))
                samples /= 2
            }
        }
        layers += [
            .dropout(rate: 0.2), .gru(units: 128, sequence: true), .globalAveragePool, .dropout(rate: 0.3),
            .dense(units: outputs ?? task.outputs),
        ]
        return NetworkSpec(samples: task.window, channels: task.channels.count, layers: layers)
    }

    /// A teacher that looks at a spectrogram as at a picture: for vibration, where faults show as lines in the spectrum.
    ///
    /// Frames have about an eighth of the window's samples, 16 to 256. What it sees is averaged over time alone: where a
    /// line stands in the spectrum is what tells faults apart.
    public static func spectrogramTeacher(for task: TaskDocument, outputs: Int? = nil) -> NetworkSpec {
        guard task.window > 1 else { return teacher(for: task, outputs: outputs) }
        var frame = 16
        while frame < 256, frame * 16 <= task.window { frame *= 2 }
        frame = min(frame, task.window)
        let spectrogram = Layer.spectrogram(frame: frame, hop: max(1, frame / 4))
        var layers = [spectrogram, .batchNorm]
        var extent = spectrogram.output(of: Extent(samples: task.window, channels: task.channels.count))
        for filters in [24, 48, 96, 96] {
            layers += [.convolution2D(filters: filters, kernel: Size2D(3, 3)), .batchNorm, .relu]
            // The last layers see eight to sixteen bands.
            let pool = Size2D(extent.samples >= 4 ? 2 : 1, extent.columns > 16 ? 2 : 1)
            if pool.count > 1 {
                layers.append(.maxPool2D(size: pool))
                extent.samples /= pool.rows
                extent.columns /= pool.columns
            }
        }
        layers += [
            .averagePool2D(size: Size2D(extent.samples, 1)), .dropout(rate: 0.3),
            .dense(units: outputs ?? task.outputs),
        ]
        return NetworkSpec(samples: task.window, channels: task.channels.count, layers: layers)
    }

    private static func kernel(_ samples: Int) -> Int { min(5, max(1, samples)) }
}
