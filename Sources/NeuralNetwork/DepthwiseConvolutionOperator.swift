import ModelArtifact
import TensorKernels

/// One-dimensional convolution of each channel with a filter of its own.
///
/// - Shapes: input (windows × samples × channels), weight (channels × kernel), output (windows × ⌈samples / stride⌉ ×
///   channels).
final class DepthwiseConvolutionOperator: Operator {
    private let input: Signal
    private let output: Signal
    private let kernel: Int
    private let stride: Int
    private let dilation: Int
    private let before: Int
    private let weight: Int
    /// `nil` where batch norm follows, which takes any bias away again.
    private let bias: Int?
    /// (kernel × channels).
    private let taps: FloatBuffer
    private let tapGradients: FloatBuffer

    init(
        input: Signal, output: Signal, kernel: Int, stride: Int, dilation: Int, weight: Int, bias: Int?
    ) {
        self.input = input
        self.output = output
        self.kernel = kernel
        self.stride = stride
        self.dilation = dilation
        before =
            NetworkSpec.padding(samples: input.values.samples, kernel: kernel, stride: stride, dilation: dilation)
            .before
        self.weight = weight
        self.bias = bias
        taps = FloatBuffer(count: kernel * input.values.channels)
        tapGradients = FloatBuffer(count: taps.count)
    }

    func load(_ parameters: UnsafePointer<Float>, _ kernels: KernelTable) {
        let channels = input.values.channels
        for c in 0..<channels {
            for k in 0..<kernel { taps.pointer[k * channels + c] = parameters[weight + c * kernel + k] }
        }
    }

    /// Calls `body` with each output sample, tap and the input sample that meet.
    @inline(__always)
    private func forEachMeeting(_ body: (Int, Int, Int) -> Void) {
        for row in 0..<output.values.samples {
            for k in 0..<kernel {
                let sample = row * stride + k * dilation - before
                if sample >= 0, sample < input.values.samples { body(row, k, sample) }
            }
        }
    }

    func forward(_ context: PassContext) {
        let channels = input.values.channels
        for window in 0..<context.count {
            let x = input.values.window(window)
            let y = output.values.window(window)
            for row in 0..<output.values.samples {
                let to = y + row * channels
                if let bias {
                    to.update(from: context.parameters + bias, count: channels)
                } else {
                    to.update(repeating: 0, count: channels)
                }
            }
            forEachMeeting { row, k, sample in
                let (to, from, w) = (y + row * channels, x + sample * channels, taps.pointer + k * channels)
                for c in 0..<channels { to[c] += w[c] * from[c] }
            }
        }
    }

    func backward(_ context: PassContext) {
        guard let gradient = output.gradient else { return }
        let channels = input.values.channels
        tapGradients.fill(0)
        for window in 0..<context.count {
            let x = input.values.window(window)
            let g = gradient.window(window)
            forEachMeeting { row, k, sample in
                let (from, at, sum) = (g + row * channels, x + sample * channels, tapGradients.pointer + k * channels)
                for c in 0..<channels { sum[c] += from[c] * at[c] }
            }
            guard let d = input.gradient?.window(window) else { continue }
            d.update(repeating: 0, count: input.values.samples * channels)
            forEachMeeting { row, k, sample in
                let (from, to, w) = (g + row * channels, d + sample * channels, taps.pointer + k * channels)
                for c in 0..<channels { to[c] += w[c] * from[c] }
            }
        }
        for c in 0..<channels {
            for k in 0..<kernel { context.gradients[weight + c * kernel + k] += tapGradients.pointer[k * channels + c] }
        }
        if let bias {
            context.kernels.addColumnSums(
                gradient.rows(context.count), channels: channels, to: context.gradients + bias)
        }
    }
}
